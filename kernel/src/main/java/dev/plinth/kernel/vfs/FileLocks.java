package dev.plinth.kernel.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.FileLocksState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.RecordLockState;
import dev.plinth.kernel.state.proto.WholeLockState;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
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
public final class FileLocks implements Stateful {
    /** How many locks on bytes a file has at most, so that a guest cannot fill the heap. */
    static final int MOST_RECORDS = 16_384;

    private final WaitQueue changes = new WaitQueue();
    private final Object locksLock = new Object();

    /** By their first byte; those of one owner do not overlap. */
    @GuardedBy("locksLock")
    private final List<RecordLock> records = new ArrayList<>(1);

    /** Who has locked the whole file, and whether exclusively. */
    @GuardedBy("locksLock")
    private final IdentityHashMap<FileDescription, Boolean> wholes = new IdentityHashMap<>(1);

    FileLocks() {}

    /** Makes locks again that were saved, and gives them to their owners. */
    static void restoring(Restorers restorers) {
        restorers.add(KindCase.FILE_LOCKS, FileLocks::restore);
    }

    private static FileLocks restore(ObjectState object, StateReader reader) {
        FileLocksState state = object.getFileLocks();
        if (state.getRecordsCount() > MOST_RECORDS) {
            throw StateReader.corrupt("a file has too many locks");
        }
        FileLocks locks = new FileLocks();
        reader.later(() -> locks.restore(state, reader));
        return locks;
    }

    private void restore(FileLocksState state, StateReader reader) {
        synchronized (locksLock) {
            for (RecordLockState saved : state.getRecordsList()) {
                records.add(record(saved, reader));
            }
            records.sort(Comparator.comparingLong(RecordLock::first));
            requireNoConflictLocked();
            for (WholeLockState saved : state.getWholesList()) {
                wholes.put(
                        reader.get(saved.getOwnerRef(), FileDescription.class),
                        saved.getExclusive());
            }
            if (wholes.size() > 1 && wholes.containsValue(true)) {
                throw StateReader.corrupt("a file is locked by two");
            }
        }
    }

    /** In one pass, for an image may have many files with many locks. */
    @GuardedBy("locksLock")
    private void requireNoConflictLocked() {
        // Of those before: the last byte of each owner's, of all, and of the exclusive ones.
        IdentityHashMap<Object, Long> ends = new IdentityHashMap<>();
        long end = -1;
        long exclusiveEnd = -1;
        for (RecordLock lock : records) {
            // An owner's own locks are apart, so that whatever else is beyond is another's.
            boolean conflict =
                    ends.getOrDefault(lock.owner(), -1L) >= lock.first()
                            || (lock.exclusive() ? end : exclusiveEnd) >= lock.first();
            if (conflict) {
                throw StateReader.corrupt("locks are in each other's way");
            }
            ends.put(lock.owner(), lock.last());
            end = Math.max(end, lock.last());
            if (lock.exclusive()) {
                exclusiveEnd = Math.max(exclusiveEnd, lock.last());
            }
        }
    }

    private static RecordLock record(RecordLockState state, StateReader reader) {
        try {
            return new RecordLock(
                    reader.get(state.getOwnerRef(), Stateful.class),
                    state.getProcessId(),
                    state.getExclusive(),
                    state.getFirst(),
                    state.getLast());
        } catch (IllegalArgumentException e) {
            throw StateReader.corrupt("a lock is on no bytes: " + e.getMessage());
        }
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        FileLocksState.Builder state = FileLocksState.newBuilder();
        for (RecordLock lock : records) {
            state.addRecords(
                    RecordLockState.newBuilder()
                            .setOwnerRef(writer.reference((Stateful) lock.owner()))
                            .setProcessId(lock.processId())
                            .setExclusive(lock.exclusive())
                            .setFirst(lock.first())
                            .setLast(lock.last()));
        }
        wholes.forEach((owner, exclusive) ->
                state.addWholes(
                        WholeLockState.newBuilder()
                                .setOwnerRef(writer.reference(owner))
                                .setExclusive(exclusive)));
        return ObjectState.newBuilder().setFileLocks(state);
    }

    /** Whether anybody holds one. */
    @SuppressWarnings("GuardedBy") // The world is stopped.
    boolean areHeld() {
        return !records.isEmpty() || !wholes.isEmpty();
    }

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
     * @throws ErrnoException ENOLCK if the file has too many
     */
    public Optional<RecordLock> set(RecordLock wanted) {
        synchronized (locksLock) {
            Optional<RecordLock> conflict = conflictLocked(wanted);
            if (conflict.isPresent()) {
                return conflict;
            }
            requireRoomLocked();
            cutLocked(wanted);
            addLocked(wanted);
        }
        // An exclusive lock may have become a shared one.
        changes.wake(Poll.POLLIN);
        return Optional.empty();
    }

    /**
     * Takes away what an owner has locked of some bytes; those of {@code range} alone count.
     *
     * @throws ErrnoException ENOLCK if that makes two of one lock, and the file has too many
     */
    public void clear(RecordLock range) {
        synchronized (locksLock) {
            if (records.stream().anyMatch(lock -> lock.isSplitBy(range))) {
                requireRoomLocked();
            }
            cutLocked(range);
        }
        changes.wake(Poll.POLLIN);
    }

    @GuardedBy("locksLock")
    private void requireRoomLocked() {
        if (records.size() >= MOST_RECORDS) {
            throw ErrnoException.of(Errno.ENOLCK);
        }
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
