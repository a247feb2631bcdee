package dev.plinth.kernel.mm;

import dev.plinth.kernel.state.Stateful;

/**
 * An object that a checkpoint saves, and by which files are mapped: an open file, or a page of the
 * kernel's own.
 */
public interface MappedFileOwner extends Stateful {
    /** It as a mapping sees it: the same at each call. */
    MappedFile mappedFile();
}
