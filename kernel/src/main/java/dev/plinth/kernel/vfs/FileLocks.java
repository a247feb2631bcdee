package dev.plinth.kernel.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.vfs.linux.Poll;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The advisory locks on one file: on bytes of it, fcntl(2), and on the whole, flock(2), which do
 * not know of each other. Linux calls it a {@code struct file_lock_context}.
 *
 * <p>Nothing here blocks: who cannot have a lock learns who is in the way, and waits for {@link
 * #changes}. Any thread may call any method.
 *
 * <p>Lasting state: every lock with its owner. Waiters are calls, and are restarted.
 */
public final class FileLocks {
    private final WaitQueue changes = new WaitQueue();
    private final Object locksLock = new Object();

    /** By their first byte; those of one owner do not overlap. */
    @GuardedBy("locksLock")
    private final List<RecordLock> records = new ArrayList<>(1);

    /** Who has locked the whole file, and whether exclusively. */
    @GuardedBy("locksLock")
    private final Map<FileDescription, Boolean> wholes = new IdentityHashMap<>(1);

    FileLocks() {}

    /** Woken whenever a lock is gone. */
    public WaitQueue changes() {
        return changes;
    }

    /** A lock that is in the way of another one, if there is any. */
    public Optional<RecordLock> conflict(RecordLock wanted) {
        synchronized (locksLock) {
            return conflictLocked(wanted);
        }
    }

    @GuardedBy("locksLock")
    private Optional<RecordLock> conflictLocked(RecordLock wanted) {
        return records.stream().filter(wanted::conflictsWith).findFirst();
    }

    /**
     * Sets a lock, in place of what its owner has on the same bytes.
     *
     * @return the lock that is in the way, or empty if it was set
     */
    public Optional<RecordLock> set(RecordLock wanted) {
        synchronized (locksLock) {
            Optional<RecordLock> conflict = conflictLocked(wanted);
            if (conflict.isPresent()) {
                return conflict;
            }
            cutLocked(wanted);
            addLocked(wanted);
        }
        // An exclusive lock may have become a shared one.
        changes.wake(Poll.POLLIN);
        return Optional.empty();
    }

    /** Takes away what an owner has locked of some bytes; those of {@code range} alone count. */
    public void clear(RecordLock range) {
        synchronized (locksLock) {
            cutLocked(range);
        }
        changes.wake(Poll.POLLIN);
    }

    /** Takes bytes out of the locks of one owner, of which the ends may be left. */
    @GuardedBy("locksLock")
    private void cutLocked(RecordLock range) {
        List<RecordLock> rest = new ArrayList<>(0);
        records.removeIf(lock -> {
            boolean cut = lock.isOwnedBy(range.owner()) && lock.overlaps(range);
            if (cut && lock.first() < range.first()) {
                rest.add(lock.withBytes(lock.first(), range.first() - 1));
            }
            if (cut && range.last() < lock.last()) {
                rest.add(lock.withBytes(range.last() + 1, lock.last()));
            }
            return cut;
        });
        records.addAll(rest);
        records.sort(Comparator.comparingLong(RecordLock::first));
    }

    @GuardedBy("locksLock")
    private void addLocked(RecordLock added) {
        long first = added.first();
        long last = added.last();
        for (RecordLock lock : List.copyOf(records)) {
            if (lock.canJoin(added)) {
                first = Math.min(first, lock.first());
                last = Math.max(last, lock.last());
                records.remove(lock);
            }
        }
        records.add(added.withBytes(first, last));
        records.sort(Comparator.comparingLong(RecordLock::first));
    }

    /**
     * Locks the whole file for an open file. A lock that it has already is given up first, as
     * flock(2) says, even if the new one cannot be had.
     *
     * @return whether the lock was set; if not, another open file is in the way
     */
    public boolean setWhole(FileDescription owner, boolean exclusive) {
        boolean hadOne;
        boolean set;
        synchronized (locksLock) {
            Boolean before = wholes.get(owner);
            if (before != null && before == exclusive) {
                return true;
            }
            hadOne = wholes.remove(owner) != null;
            set = wholes.isEmpty() || (!exclusive && !wholes.containsValue(true));
            if (set) {
                wholes.put(owner, exclusive);
            }
        }
        if (hadOne) {
            changes.wake(Poll.POLLIN);
        }
        return set;
    }

    /** Gives up an open file's lock of the whole file. */
    public void clearWhole(FileDescription owner) {
        boolean cleared;
        synchronized (locksLock) {
            cleared = wholes.remove(owner) != null;
        }
        if (cleared) {
            changes.wake(Poll.POLLIN);
        }
    }

    /** A descriptor of the file was closed in a table: the table's locks are gone. */
    void descriptorClosed(Object table) {
        clearAllOf(table);
    }

    /** An open file is gone, and its locks with it. */
    void fileClosed(FileDescription file) {
        clearWhole(file);
        clearAllOf(file);
    }

    private void clearAllOf(Object owner) {
        boolean cleared;
        synchronized (locksLock) {
            cleared = records.removeIf(lock -> lock.isOwnedBy(owner));
        }
        if (cleared) {
            changes.wake(Poll.POLLIN);
        }
    }

    /** The locks on bytes, by their first one. */
    public List<RecordLock> records() {
        synchronized (locksLock) {
            return List.copyOf(records);
        }
    }
}
