package dev.plinth.kernel.mm;

import java.util.List;

/**
 * What a fork is told of the process, so that it copies at once what would be copied soon.
 *
 * @param mayCopy whether nothing else runs in the memory, so that what is copied is of one moment
 * @param aboutToBeWritten addresses that both processes will write to at once
 */
public record ForkHints(boolean mayCopy, List<Long> aboutToBeWritten) {
    /** Nothing is copied before it has to be. */
    public static final ForkHints NONE = new ForkHints(false, List.of());

    public ForkHints {
        aboutToBeWritten = List.copyOf(aboutToBeWritten);
    }
}
