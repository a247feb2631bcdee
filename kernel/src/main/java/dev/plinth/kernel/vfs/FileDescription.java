package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.mm.MappedFile;
import dev.plinth.kernel.mm.MappedFileOwner;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open file: what open(2) makes and dup(2) shares. Linux calls it a {@code struct file}.
 *
 * <p>Counted: descriptor tables, mappings and calls in progress each hold a reference, and the last
 * {@link #close} disposes of it. Any thread may call any method while it holds a reference.
 *
 * <p>Nothing here blocks. A file that has to wait throws EAGAIN, whatever its flags say; {@link
 * #ready} and {@link #watch} tell when to try again.
 *
 * <p>What a kind of file does not override fails as Linux makes it fail for such a file.
 */
public abstract class FileDescription implements AutoCloseable, MappedFileOwner {
    /** The flags that F_SETFL can change. */
    private static final int CHANGEABLE_FLAGS =
            Fcntl.O_APPEND | Fcntl.O_NONBLOCK | Fcntl.O_NOATIME | Fcntl.O_DIRECT | Fcntl.FASYNC;

    /** The flags of open(2) that F_GETFL does not show: they were about opening. */
    private static final int OPENING_FLAGS =
            Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOCTTY | Fcntl.O_TRUNC | Fcntl.O_CLOEXEC;

    private final Location location;
    private final AtomicInteger flags;

    @NotSaved("holders take theirs when they are made again")
    private final AtomicInteger references = new AtomicInteger(1);

    /** What mappings see of this description: always the same object. */
    private final MappedFile mappedFile = new Mapping();

    /** Kept for those who ask: see {@link #signalOwner}. */
    private volatile SignalOwner signalOwner = SignalOwner.NONE;

    /** Whether it is counted as being written; set before the description is shared. */
    private boolean countsAsWriter;

    /** Whether nobody may write it meanwhile; set before the description is shared. */
    private boolean keepsWritersAway;

    /** What to do about the inode's writers in the end; set before the description is shared. */
    @NotSaved("follows from who counts as a writer")
    private Runnable releaseInode = () -> {};

    /**
     * An open file with one reference, the caller's.
     *
     * @param location by which it was opened
     * @param flags of open(2)
     */
    protected FileDescription(Location location, int flags) {
        this.location = requireNonNull(location, "location is null");
        this.flags = new AtomicInteger(flags & ~OPENING_FLAGS);
        location.inode().addUser();
        location.mount().addOpenFiles(1);
    }

    /**
     * What is saved of every open file; for {@link #saveState} of each kind. Those with a position
     * add it.
     */
    protected OpenFileState saveOpenFile(StateWriter writer) {
        SignalOwner owner = signalOwner;
        return OpenFileState.newBuilder()
                .setLocation(location.save(writer))
                .setFlags(flags())
                .setOwnerKind(owner.kind().number())
                .setOwnerId(owner.id())
                .setOwnerSignal(owner.signal())
                .setCountsAsWriter(countsAsWriter)
                .setKeepsWritersAway(keepsWritersAway)
                .setLocksRef(writer.reference(inode().knownLocks().filter(FileLocks::areHeld)))
                .build();
    }

    /** Sets the position that was saved; nothing, if the file has none. */
    protected void restorePosition(long position) {}

    /**
     * Gives a file that was made again with its location and flags what it had besides, and the
     * reader the reference it was born with; for the restorer of each kind.
     */
    public final void restoreOpenFile(OpenFileState state, StateReader reader) {
        reader.counted(this, this::close);
        try {
            setSignalOwner(
                    SignalOwner.of(state.getOwnerKind(), state.getOwnerId())
                            .withSignal(state.getOwnerSignal()));
            if (state.getCountsAsWriter()) {
                inode().addWriter();
                countsAsWriter();
            } else if (state.getKeepsWritersAway()) {
                inode().denyWriters();
                keepsWritersAway();
            }
        } catch (ErrnoException e) {
            throw StateReader.corrupt("an open file is in a state that there is not: " + e.errno());
        }
        if (state.getPosition() < 0) {
            throw StateReader.corrupt("an open file stands before its beginning");
        }
        restorePosition(state.getPosition());
        // Their owners are open files themselves, this one perhaps among them.
        reader.later(() ->
                reader.find(state.getLocksRef(), FileLocks.class).ifPresent(inode()::restoreLocks));
    }

    /** By which name it was opened, or where that name is now. */
    public final Location location() {
        return location;
    }

    /** The file. */
    public final Inode inode() {
        return location.inode();
    }

    /** What F_GETFL shows: access mode and status flags. */
    public final int flags() {
        return flags.get();
    }

    /** Sets the status flags, as F_SETFL; those that cannot be changed stay as they are. */
    public final void setFlags(int newFlags) {
        flags.getAndUpdate(old -> (old & ~CHANGEABLE_FLAGS) | (newFlags & CHANGEABLE_FLAGS));
    }

    /** Whom F_SETOWN named. Nobody is told anything, since O_ASYNC is refused. */
    public final SignalOwner signalOwner() {
        return signalOwner;
    }

    /** Says whom to tell, as F_SETOWN and F_SETSIG. */
    public final void setSignalOwner(SignalOwner owner) {
        signalOwner = requireNonNull(owner, "owner is null");
    }

    /** Whether a call that would have to wait fails instead. */
    public final boolean isNonBlocking() {
        return (flags() & Fcntl.O_NONBLOCK) != 0;
    }

    /** How long a call that reads waits at most, in nanoseconds; for ever but for sockets. */
    public long readTimeout() {
        return Blocker.NO_DEADLINE;
    }

    /** How long a call that writes waits at most, in nanoseconds; for ever but for sockets. */
    public long writeTimeout() {
        return Blocker.NO_DEADLINE;
    }

    /** Whether a write that fails with EPIPE comes with SIGPIPE. */
    public boolean breaksWithSignal() {
        return true;
    }

    /** Whether it was opened with O_PATH, and so is good for naming the file only. */
    public final boolean isPathOnly() {
        return (flags() & Fcntl.O_PATH) != 0;
    }

    /** Whether it is open for reading. */
    public final boolean isReadable() {
        int mode = flags() & (Fcntl.O_ACCMODE | Fcntl.O_PATH);
        return mode == Fcntl.O_RDONLY || mode == Fcntl.O_RDWR;
    }

    /** Whether it is open for writing. */
    public final boolean isWritable() {
        int mode = flags() & (Fcntl.O_ACCMODE | Fcntl.O_PATH);
        return mode == Fcntl.O_WRONLY || mode == Fcntl.O_RDWR;
    }

    /**
     * Takes one more reference, which is to be closed too.
     *
     * @return whether there was one left to share; if not, the file is gone
     */
    public final boolean tryRetain() {
        return references.getAndUpdate(count -> count == 0 ? 0 : count + 1) != 0;
    }

    /**
     * Takes one more reference, which is to be closed too.
     *
     * @return this
     */
    public final FileDescription retain() {
        if (!tryRetain()) {
            throw new IllegalStateException("file is closed");
        }
        return this;
    }

    /** How many references there are: as many as hold it, if all of these are known. */
    protected final int references() {
        return references.get();
    }

    /** Gives up a reference; the last one disposes of the file. */
    @Override
    public final void close() {
        int left = references.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("file closed more often than opened");
        }
        if (left == 0) {
            inode().knownLocks().ifPresent(locks -> locks.fileClosed(this));
            releaseInode.run();
            dispose();
            inode().removeUser();
            location.mount().addOpenFiles(-1);
        }
    }

    /**
     * Whether open(2) does not return yet: a FIFO waits for someone who opens its other side. Once
     * false it stays so. Until then, {@link #watch} tells when to ask again.
     */
    public boolean isOpening() {
        return false;
    }

    /**
     * A descriptor of the file was closed: the process gives up every record lock on it, whichever
     * of its descriptors it was set by ({@code filp_close}).
     *
     * @param table in which it was; the owner of the locks
     */
    public final void descriptorClosed(Object table) {
        inode().knownLocks().ifPresent(locks -> locks.descriptorClosed(table));
    }

    /** Has the file counted as being written, which it is already, until the end. */
    final void countsAsWriter() {
        countsAsWriter = true;
        location.mount().addWriters(1);
        releaseInode = this::noLongerWrites;
    }

    private void noLongerWrites() {
        inode().removeWriter();
        location.mount().addWriters(-1);
    }

    /** Has writers kept away, which they are already, until the end. */
    final void keepsWritersAway() {
        keepsWritersAway = true;
        releaseInode = inode()::allowWriters;
    }

    /** The last reference is gone: releases what the description holds. Called once. */
    protected void dispose() {}

    /** The file's attributes, as fstat(2). */
    public FileStat stat() {
        return inode().stat();
    }

    /**
     * Reads at the file's position and moves it.
     *
     * @return how many bytes, or 0 at the end
     * @throws ErrnoException EAGAIN if there is nothing to read yet; EINVAL if the file cannot be
     *     read; whatever the buffer throws, if nothing was read
     */
    public long read(IoBuffer destination) {
        throw ErrnoException.of(Errno.EINVAL);
    }

    /**
     * Reads at an offset; the position stays.
     *
     * @throws ErrnoException ESPIPE if the file has no positions; else as {@link #read}
     */
    public long readAt(IoBuffer destination, long offset) {
        throw ErrnoException.of(Errno.ESPIPE);
    }

    /**
     * Writes at the file's position, or at its end if O_APPEND is set, and moves the position.
     *
     * @return how many bytes; fewer than there are if no more could be written now
     * @throws ErrnoException EAGAIN if nothing can be written yet; EPIPE if nobody reads any more
     *     (the caller sends SIGPIPE); whatever the buffer throws, if nothing was written
     */
    public long write(IoBuffer source) {
        throw ErrnoException.of(Errno.EINVAL);
    }

    /**
     * Writes at an offset, or at the end if O_APPEND is set; the position stays.
     *
     * @throws ErrnoException ESPIPE if the file has no positions; else as {@link #write}
     */
    public long writeAt(IoBuffer source, long offset) {
        throw ErrnoException.of(Errno.ESPIPE);
    }

    /**
     * Moves the position, as lseek(2).
     *
     * @param whence {@code SEEK_*}
     * @return the new position
     * @throws ErrnoException ESPIPE if the file has none; EINVAL, ENXIO as in lseek(2)
     */
    public long seek(long offset, int whence) {
        throw ErrnoException.of(Errno.ESPIPE);
    }

    /**
     * Hands over entries of a directory, from the position on, and moves it behind those that were
     * accepted.
     *
     * @throws ErrnoException ENOTDIR if it is none; ENOENT if it was removed
     */
    public void readEntries(EntrySink sink) {
        throw ErrnoException.of(Errno.ENOTDIR);
    }

    /** Receives the entries of a directory. */
    @FunctionalInterface
    public interface EntrySink {
        /**
         * Takes an entry.
         *
         * @param nextPosition from where reading goes on behind it
         * @return false if there is no room, and the entry was not taken
         */
        boolean accept(DirectoryEntry entry, long nextPosition);
    }

    /**
     * Which events hold now.
     *
     * @param events of interest: {@code POLL*}
     * @return those of them that hold; POLLERR and POLLHUP also if they were not asked for
     */
    public int ready(int events) {
        return events & Poll.ALWAYS_READY;
    }

    /** Adds to a set what to wait for to see one of the events; nothing if always ready. */
    public void watch(int events, WaitSet set) {}

    /**
     * Does what only this kind of file knows, as ioctl(2).
     *
     * @param argument a value, or an address in the memory
     * @param memory of the caller
     * @throws ErrnoException ENOTTY if the request is unknown
     */
    public long ioctl(int request, long argument, UserMemory memory) {
        throw ErrnoException.of(Errno.ENOTTY);
    }

    /** The file's content for mmap(2), or empty if it cannot be mapped. */
    public Optional<? extends Mappable> mappable() {
        return Optional.empty();
    }

    /** What mmap(2) takes: this file, kept open by each mapping. */
    @Override
    public final MappedFile mappedFile() {
        return mappedFile;
    }

    /**
     * Writes to disk what is not there yet, as fsync(2).
     *
     * @param dataOnly as fdatasync(2)
     * @throws ErrnoException EINVAL if the file cannot be synced; EIO
     */
    public void sync(boolean dataOnly) {
        throw ErrnoException.of(Errno.EINVAL);
    }

    /**
     * Allocates or frees room in the file, as fallocate(2).
     *
     * @param mode {@code FALLOC_FL_*}
     * @throws ErrnoException ENODEV if it is no regular file; EOPNOTSUPP if the mode is not known
     */
    public void allocate(int mode, long offset, long length) {
        throw ErrnoException.of(Errno.ENODEV);
    }

    /**
     * What can no longer be done with the content, F_GET_SEALS.
     *
     * @return bits of {@code F_SEAL_*}
     * @throws ErrnoException EINVAL if files of this kind cannot be sealed
     */
    public int seals() {
        throw ErrnoException.of(Errno.EINVAL);
    }

    /**
     * Seals the content, F_ADD_SEALS.
     *
     * @param seals bits of {@code F_SEAL_*}
     * @throws ErrnoException EPERM if it is not open for writing, or seals cannot be added; EINVAL
     *     if files of this kind cannot be sealed; EBUSY
     */
    public void addSeals(int seals) {
        throw ErrnoException.of(isWritable() ? Errno.EINVAL : Errno.EPERM);
    }

    /** Whether a seal keeps the content from being written, also through new mappings. */
    protected boolean isSealedAgainstWriting() {
        return false;
    }

    /** Sets the size, as ftruncate(2). */
    public void truncate(long size) {
        inode().truncate(size);
    }

    /** This open file as a mapping sees it. */
    private final class Mapping implements MappedFile {
        @Override
        public MappedFileOwner owner() {
            return FileDescription.this;
        }

        @Override
        public Optional<? extends Mappable> mappable() {
            return FileDescription.this.mappable();
        }

        @Override
        public boolean isReadable() {
            return FileDescription.this.isReadable();
        }

        @Override
        public boolean isWritable() {
            return FileDescription.this.isWritable();
        }

        @Override
        public boolean isSealed() {
            return isSealedAgainstWriting();
        }

        @Override
        public boolean mayExecute() {
            return !location.mount().options().noExecute();
        }

        @Override
        public String path() {
            return PathDisplay.ofWholeTree(location).text().toString();
        }

        @Override
        public long device() {
            return location.inode().fileSystem().device().encode();
        }

        @Override
        public long inode() {
            return location.inode().number();
        }

        @Override
        public void retain() {
            FileDescription.this.retain();
        }

        @Override
        public void release() {
            close();
        }

        @Override
        public void sync(long start, long end) {
            FileDescription.this.sync(true);
        }

        @Override
        public void punchHole(long start, long end) {
            allocate(Fs.FALLOC_FL_PUNCH_HOLE | Fs.FALLOC_FL_KEEP_SIZE, start, end - start);
        }
    }
}
