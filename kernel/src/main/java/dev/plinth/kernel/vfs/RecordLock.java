package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

/**
 * A lock on bytes of a file, as fcntl(2) sets it.
 *
 * @param owner told apart by identity: a descriptor table (F_SETLK), or an open file (F_OFD_SETLK)
 * @param processId of who set it; -1 if an open file owns it
 * @param exclusive whether nobody else may have a lock there; if not, only no exclusive one
 * @param first byte
 * @param last byte; {@code Long.MAX_VALUE} for all that may come
 */
public record RecordLock(Object owner, int processId, boolean exclusive, long first, long last) {
    public RecordLock {
        requireNonNull(owner, "owner is null");
        if (first < 0 || last < first) {
            throw new IllegalArgumentException("bytes " + first + " to " + last);
        }
    }

    /** Whether an open file owns the lock, whoever has it open. */
    public boolean isOfOpenFile() {
        return owner instanceof FileDescription;
    }

    boolean isOwnedBy(Object other) {
        return owner == other;
    }

    boolean overlaps(RecordLock other) {
        return first <= other.last && other.first <= last;
    }

    /** Whether the two cannot both be set. */
    boolean conflictsWith(RecordLock other) {
        return (exclusive || other.exclusive) && overlaps(other) && !isOwnedBy(other.owner);
    }

    /** Whether the two can be one: no byte lies between them, and they are alike. */
    boolean canJoin(RecordLock other) {
        return exclusive == other.exclusive
                && isOwnedBy(other.owner)
                && (overlaps(other) || last + 1 == other.first || other.last + 1 == first);
    }

    RecordLock withBytes(long newFirst, long newLast) {
        return new RecordLock(owner, processId, exclusive, newFirst, newLast);
    }
}
