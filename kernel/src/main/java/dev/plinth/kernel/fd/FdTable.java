package dev.plinth.kernel.fd;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.DescriptorState;
import dev.plinth.kernel.state.proto.FdTableState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.vfs.FileDescription;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A descriptor table: numbers, and the open files they stand for. Linux calls it a {@code struct
 * files_struct}.
 *
 * <p>Counted, for tasks that were cloned with CLONE_FILES share it; the last {@link #close} closes
 * what is open. Any thread may call any method while it holds a reference. Files are closed outside
 * the table's lock.
 *
 * <p>Lasting state: the open numbers with their files, and how many there is room for.
 */
public final class FdTable implements Stateful, AutoCloseable {
    /** {@code NR_OPEN_DEFAULT}. */
    private static final int INITIAL_SIZE = 64;

    /** A table that grows has a power of two times this: {@code alloc_fdtable} of fs/file.c. */
    private static final int GROWTH_UNIT = 128;

    private static final int REFERENCE_BYTES = 8;

    /** {@code NR_OPEN}: a number is below. */
    private static final int LIMIT = 1 << 20;

    @NotSaved("follows from the tasks that have it")
    private final AtomicInteger references = new AtomicInteger(1);

    private final Object tableLock = new Object();

    /** Guarded by tableLock. A free number has null, or is beyond the end. */
    private Entry[] entries;

    /** Guarded by tableLock. How many numbers there is room for, as a program sees it. */
    private int capacity;

    /** Guarded by tableLock. No number below is free. */
    @NotSaved("follows from the numbers that are taken")
    private int lowestFree;

    private record Entry(FileDescription file, boolean closeOnExec) {}

    /** An empty table with one reference, the caller's. */
    public FdTable() {
        this(new Entry[INITIAL_SIZE], INITIAL_SIZE, 0);
    }

    private FdTable(Entry[] entries, int capacity, int lowestFree) {
        this.entries = entries;
        this.capacity = capacity;
        this.lowestFree = lowestFree;
    }

    /** Makes tables again that were saved. */
    public static void restoring(Restorers restorers) {
        restorers.add(KindCase.FD_TABLE, FdTable::restore);
    }

    private static FdTable restore(ObjectState object, StateReader reader) {
        FdTableState state = object.getFdTable();
        if (state.getCapacity() < INITIAL_SIZE || state.getCapacity() > LIMIT) {
            throw StateReader.corrupt(state.getCapacity() + " descriptors");
        }
        // One that once had many numbers has room for few.
        int used = usedOf(state);
        reader.budget().take((long) REFERENCE_BYTES * used);
        FdTable table = new FdTable(new Entry[used], state.getCapacity(), 0);
        // Before anything is in it, for whatever is will be given back with it.
        reader.counted(table, table::close);
        for (DescriptorState descriptor : state.getDescriptorsList()) {
            if (table.entries[descriptor.getNumber()] != null) {
                throw StateReader.corrupt("descriptor " + descriptor.getNumber() + " twice");
            }
            FileDescription file = reader.get(descriptor.getFileRef(), FileDescription.class);
            table.entries[descriptor.getNumber()] =
                    new Entry(file.retain(), descriptor.getCloseOnExec());
        }
        return table;
    }

    /** How many entries a table needs for the numbers that are open. */
    private static int usedOf(FdTableState state) {
        int used = INITIAL_SIZE;
        for (DescriptorState descriptor : state.getDescriptorsList()) {
            int number = descriptor.getNumber();
            if (number < 0 || number >= state.getCapacity()) {
                throw StateReader.corrupt("descriptor " + number + " has no room");
            }
            used = Math.max(used, number + 1);
        }
        return used;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        FdTableState.Builder state = FdTableState.newBuilder();
        synchronized (tableLock) {
            state.setCapacity(capacity);
            for (int fd = 0; fd < entries.length; fd++) {
                if (entries[fd] != null) {
                    state.addDescriptors(
                            DescriptorState.newBuilder()
                                    .setNumber(fd)
                                    .setFileRef(writer.reference(entries[fd].file))
                                    .setCloseOnExec(entries[fd].closeOnExec));
                }
            }
        }
        return ObjectState.newBuilder().setFdTable(state);
    }

    /** Shares the table with one more task, which is to close it too. */
    public FdTable retain() {
        if (references.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            throw new IllegalStateException("descriptor table is closed");
        }
        return this;
    }

    /** Whether more than one task has the table. */
    public boolean isShared() {
        return references.get() > 1;
    }

    /** A table with the same open files, as fork(2) makes it, with one reference. */
    public FdTable copy() {
        synchronized (tableLock) {
            for (Entry entry : entries) {
                if (entry != null) {
                    entry.file.retain();
                }
            }
            return new FdTable(entries.clone(), capacity, lowestFree);
        }
    }

    /** Gives up a reference; the last one closes every descriptor. */
    @Override
    public void close() {
        int left = references.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("descriptor table closed too often");
        }
        if (left == 0) {
            closeRange(0, Integer.MAX_VALUE);
        }
    }

    /**
     * The open file of a descriptor, for everything but naming it.
     *
     * @return with a reference of its own, which the caller closes
     * @throws ErrnoException EBADF if the descriptor is not open, or was opened with O_PATH
     */
    public FileDescription get(int fd) {
        FileDescription file = getAlsoPathOnly(fd);
        if (file.isPathOnly()) {
            file.close();
            throw ErrnoException.of(Errno.EBADF);
        }
        return file;
    }

    /**
     * The open file of a descriptor, which may have been opened with O_PATH.
     *
     * @return with a reference of its own, which the caller closes
     * @throws ErrnoException EBADF if the descriptor is not open
     */
    public FileDescription getAlsoPathOnly(int fd) {
        synchronized (tableLock) {
            return entryLocked(fd).file.retain();
        }
    }

    /**
     * Gives an open file the lowest free number.
     *
     * @param file whose reference becomes the table's, and is closed if the method fails
     * @param limit no number from here on is given: RLIMIT_NOFILE
     * @throws ErrnoException EMFILE if there is none
     */
    public int open(FileDescription file, boolean closeOnExec, int limit) {
        return openFrom(0, file, closeOnExec, limit);
    }

    /**
     * Gives an open file the lowest free number from a given one on, as F_DUPFD.
     *
     * @param file whose reference becomes the table's, and is closed if the method fails
     * @param limit no number from here on is given: RLIMIT_NOFILE
     * @throws ErrnoException EMFILE if there is none; EINVAL if the minimum is out of range
     */
    public int openFrom(int minimum, FileDescription file, boolean closeOnExec, int limit) {
        requireNonNull(file, "file is null");
        Errno refused =
                minimum < 0 || (minimum > 0 && minimum >= limit) ? Errno.EINVAL : Errno.EMFILE;
        if (refused == Errno.EMFILE) {
            synchronized (tableLock) {
                int fd = freeFromLocked(minimum);
                if (fd < limit) {
                    setLocked(fd, new Entry(file, closeOnExec));
                    return fd;
                }
            }
        }
        file.close();
        throw ErrnoException.of(refused);
    }

    /**
     * Gives an open file a certain number, as dup3(2), and closes what was open there.
     *
     * @param file whose reference becomes the table's, and is closed if the method fails
     * @param limit no number from here on is given: RLIMIT_NOFILE
     * @throws ErrnoException EBADF if the number is out of range
     */
    public void replace(int fd, FileDescription file, boolean closeOnExec, int limit) {
        requireNonNull(file, "file is null");
        if (fd < 0 || fd >= limit) {
            file.close();
            throw ErrnoException.of(Errno.EBADF);
        }
        Entry old;
        synchronized (tableLock) {
            old = fd < entries.length ? entries[fd] : null;
            setLocked(fd, new Entry(file, closeOnExec));
        }
        if (old != null) {
            closed(old.file);
        }
    }

    /**
     * Closes a descriptor.
     *
     * @throws ErrnoException EBADF if it is not open
     */
    public void close(int fd) {
        Entry entry;
        synchronized (tableLock) {
            entry = entryLocked(fd);
            clearLocked(fd);
        }
        closed(entry.file);
    }

    /** Closes every open descriptor from {@code first} to {@code last}, both included. */
    public void closeRange(int first, int last) {
        closeThose(first, last, false);
    }

    /** Closes what execve(2) closes. */
    public void closeOnExec() {
        closeThose(0, Integer.MAX_VALUE, true);
    }

    private void closeThose(int first, int last, boolean onlyCloseOnExec) {
        List<FileDescription> closing = new ArrayList<>();
        synchronized (tableLock) {
            for (int fd = first; fd < entries.length && fd <= last; fd++) {
                Entry entry = entries[fd];
                if (entry != null && (entry.closeOnExec || !onlyCloseOnExec)) {
                    closing.add(entry.file);
                    clearLocked(fd);
                }
            }
        }
        closing.forEach(this::closed);
    }

    /** A descriptor is gone, and with it the table's reference and record locks. */
    private void closed(FileDescription file) {
        file.descriptorClosed(this);
        file.close();
    }

    /**
     * Whether execve(2) closes a descriptor.
     *
     * @throws ErrnoException EBADF if it is not open
     */
    public boolean isCloseOnExec(int fd) {
        synchronized (tableLock) {
            return entryLocked(fd).closeOnExec;
        }
    }

    /**
     * Sets whether execve(2) closes a descriptor.
     *
     * @throws ErrnoException EBADF if it is not open
     */
    public void setCloseOnExec(int fd, boolean closeOnExec) {
        synchronized (tableLock) {
            entries[fd] = new Entry(entryLocked(fd).file, closeOnExec);
        }
    }

    /** Has execve(2) close every open descriptor from {@code first} to {@code last}. */
    public void setCloseOnExecRange(int first, int last) {
        synchronized (tableLock) {
            for (int fd = first; fd < entries.length && fd <= last; fd++) {
                if (entries[fd] != null) {
                    entries[fd] = new Entry(entries[fd].file, true);
                }
            }
        }
    }

    /** The numbers that are open, in ascending order. */
    public List<Integer> descriptors() {
        synchronized (tableLock) {
            List<Integer> open = new ArrayList<>();
            for (int fd = 0; fd < entries.length; fd++) {
                if (entries[fd] != null) {
                    open.add(fd);
                }
            }
            return open;
        }
    }

    /**
     * How many numbers the table has room for as it is, as Linux sizes it: FDSize of
     * proc_pid_status(5). What lies beyond is not open, and select(2) does not look at it.
     */
    public int capacity() {
        synchronized (tableLock) {
            return capacity;
        }
    }

    private Entry entryLocked(int fd) {
        Entry entry = fd >= 0 && fd < entries.length ? entries[fd] : null;
        if (entry == null) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return entry;
    }

    private int freeFromLocked(int minimum) {
        int fd = Math.max(minimum, lowestFree);
        while (fd < entries.length && entries[fd] != null) {
            fd++;
        }
        if (minimum <= lowestFree) {
            lowestFree = fd;
        }
        return fd;
    }

    private void setLocked(int fd, Entry entry) {
        if (fd >= entries.length) {
            int units = fd / GROWTH_UNIT + 1;
            int power = Integer.highestOneBit(2 * units - 1);
            entries = Arrays.copyOf(entries, power * GROWTH_UNIT);
            capacity = Math.max(capacity, entries.length);
        }
        entries[fd] = entry;
    }

    private void clearLocked(int fd) {
        entries[fd] = null;
        lowestFree = Math.min(lowestFree, fd);
    }
}
