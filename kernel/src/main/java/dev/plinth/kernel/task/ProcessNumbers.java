package dev.plinth.kernel.task;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;

import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The numbers that tasks, processes, process groups and sessions share: {@code struct pid}.
 *
 * <p>A number is in use as long as one of them has it. Numbers are given in ascending order and
 * start again when the greatest is reached, so that one that was given back is not soon another's.
 * Guarded by the tree lock.
 *
 * <p>Lasting state: the numbers in use, and the one given last.
 */
@NotSaved(
        "the last one is saved by SavedTasks; those in use are those of tasks, groups "
                + "and sessions")
final class ProcessNumbers {
    /** {@code PID_MAX_DEFAULT}: every number is below. */
    static final int LIMIT = 32768;

    /** {@code RESERVED_PIDS}: the second time round, numbers start here. */
    private static final int FIRST_AGAIN = 300;

    private final Set<Integer> used = new HashSet<>();
    private int last;

    /** Takes the next free number; empty if there is none. */
    OptionalInt take() {
        int candidate = last;
        for (int tried = 0; tried < LIMIT; tried++) {
            candidate = candidate + 1 < LIMIT ? candidate + 1 : FIRST_AGAIN;
            if (used.add(candidate)) {
                last = candidate;
                return OptionalInt.of(candidate);
            }
        }
        return OptionalInt.empty();
    }

    /** Goes on after the number that was given last before a checkpoint. */
    void restore(int lastGiven) {
        if (lastGiven < 0 || lastGiven >= LIMIT) {
            throw StateReader.corrupt("the last number was " + lastGiven);
        }
        last = lastGiven;
    }

    /** A number was in use at a checkpoint. */
    void restoreUsed(int number) {
        used.add(number);
    }

    /** Gives a number back; one that was given back already stays free. */
    void release(int number) {
        used.remove(number);
    }

    /** The number given last; zero if none was. */
    int last() {
        return last;
    }
}
