package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.Stateful;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A file, apart from its names: one object for each file of a file system while anyone holds it.
 *
 * <p>A file system extends this class, {@link Directory} or {@link SymbolicLink}, one final class
 * for each kind of file. Methods may be called by any thread. Nothing here asks who the caller is:
 * permissions were checked before ({@link Vfs}).
 */
public abstract class Inode implements Stateful {
    private final FileSystem fileSystem;

    /** Set again by a restore only, before anybody asks. */
    private long number;

    private final FileType type;

    /**
     * Who has the file open for writing (positive), or runs it as a program (negative), as Linux's
     * {@code i_writecount}.
     */
    @NotSaved("counted when open files are made again")
    private final AtomicInteger writers = new AtomicInteger();

    /** Whether it may get a name though it has none: {@code I_LINKABLE}. */
    private volatile boolean linkable;

    /** The locks on the file; empty until someone asks for them. */
    @NotSaved("each open file names them")
    private final AtomicReference<FileLocks> locks = new AtomicReference<>();

    /** How many descriptions refer to the file. */
    private final AtomicInteger users = new AtomicInteger();

    /**
     * A file of a file system.
     *
     * @param number unique in the file system, and kept for the life of the file
     */
    protected Inode(FileSystem fileSystem, long number, FileType type) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.number = number;
        this.type = requireNonNull(type, "type is null");
    }

    /** The file system it belongs to. */
    public final FileSystem fileSystem() {
        return fileSystem;
    }

    /** Its number in the file system: {@code st_ino}. */
    public final long number() {
        return number;
    }

    /** It keeps the number that it had when it was saved. */
    final void restoreNumber(long saved) {
        number = saved;
    }

    /** What kind of file it is; never changes. */
    public final FileType type() {
        return type;
    }

    /**
     * Its attributes as they are now.
     *
     * @throws ErrnoException if they cannot be had: EIO, or ENOENT if the host has removed the file
     */
    public abstract FileStat stat();

    /**
     * Owner and permissions, for checks on the way of a path.
     *
     * <p>May be as old as the file system's cache of them is.
     */
    public abstract Ownership ownership();

    /**
     * Opens the file.
     *
     * <p>Not called for devices that the {@link DeviceRegistry} has. Never blocks.
     *
     * @param location by which it is opened
     * @param flags of open(2), of which the file system looks at the access mode and passes on the
     *     rest; O_TRUNC has been seen to
     * @return a description with one reference, the caller's
     * @throws ErrnoException ENXIO if such a file cannot be opened
     */
    public FileDescription open(Location location, int flags) {
        throw ErrnoException.of(Errno.ENXIO);
    }

    /**
     * Opens the file for someone; see {@link #open(Location, int)}, which is what most files do
     * about it.
     *
     * @param caller who opens it: some files of procfs look at that
     * @throws ErrnoException EACCES if this file is not for the caller
     */
    public FileDescription open(Location location, int flags, Caller caller) {
        return open(location, flags);
    }

    /**
     * The file is about to get another name. Does beforehand what takes long; no lock is held.
     *
     * @throws ErrnoException ENOSPC, EIO
     */
    public void prepareChange() {}

    /** Where the attributes are kept that the methods below change. */
    protected AttributeStore attributeStore() {
        return AttributeStore.FIXED;
    }

    /** Sets the permissions, as chmod(2). */
    public void setPermissions(int permissions) {
        attributeStore().setPermissions(this, permissions);
    }

    /**
     * Sets owner, group and permissions together, as chown(2) does when it takes away the
     * set-user-ID bit.
     */
    public void setOwner(int uid, int gid, int permissions) {
        attributeStore().setOwner(this, uid, gid, permissions);
    }

    /**
     * Sets times, as utimensat(2).
     *
     * @param accessed the new one, or empty to leave it
     * @param modified the new one, or empty to leave it
     */
    public void setTimes(Optional<Instant> accessed, Optional<Instant> modified) {
        attributeStore().setTimes(this, accessed, modified);
    }

    /**
     * The value of an extended attribute, if the file has it.
     *
     * @param name with its prefix, a character for each byte
     * @throws ErrnoException EOPNOTSUPP if such a file cannot have it
     */
    public final Optional<byte[]> xattr(String name) {
        return attributeStore().xattr(name);
    }

    /** The names of the extended attributes. */
    public final List<String> xattrNames() {
        return attributeStore().xattrNames();
    }

    /**
     * Sets an extended attribute.
     *
     * @param value owned from now on
     * @throws ErrnoException EEXIST or ENODATA as the mode says; ENOSPC; EOPNOTSUPP
     */
    public final void setXattr(String name, byte[] value, AttributeStore.XattrMode mode) {
        attributeStore().setXattr(this, name, value, mode);
    }

    /**
     * Removes an extended attribute.
     *
     * @throws ErrnoException ENODATA if the file has none of that name; EOPNOTSUPP
     */
    public final void removeXattr(String name) {
        attributeStore().removeXattr(this, name);
    }

    /**
     * Sets the size, as truncate(2); bytes that are added are zero.
     *
     * @param size not negative
     */
    public void truncate(long size) {
        throw ErrnoException.of(Errno.EINVAL);
    }

    /** What device the file stands for; {@link DeviceNumber#NONE} if it is none. */
    public DeviceNumber deviceId() {
        return DeviceNumber.NONE;
    }

    /** The advisory locks on the file. */
    public final FileLocks locks() {
        FileLocks known = locks.get();
        if (known != null) {
            return known;
        }
        locks.compareAndSet(null, new FileLocks());
        return locks.get();
    }

    /** The advisory locks on the file, if there ever were any. */
    final Optional<FileLocks> knownLocks() {
        return Optional.ofNullable(locks.get());
    }

    /**
     * Gives the file the locks that were saved, of which each of its open files knows.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if it has others
     */
    @SuppressWarnings("ReferenceEquality") // There is one object for each file.
    final void restoreLocks(FileLocks saved) {
        if (!locks.compareAndSet(null, saved) && locks.get() != saved) {
            throw StateReader.corrupt("file %d has locks twice".formatted(number));
        }
    }

    /** The file, made without a name, may get one. */
    final void allowFirstLink() {
        linkable = true;
    }

    /** Whether it may get a name though it has none; for {@link #saveState} of each kind. */
    protected final boolean isLinkable() {
        return linkable;
    }

    /**
     * Says whether it may get a name though it has none, and keeps the file in use for as long as
     * others are being restored; for the restorer of each kind that can be without a name.
     */
    protected final void restoreUnnamed(boolean mayBeLinked, StateReader reader) {
        linkable = mayBeLinked;
        addUser();
        StateReader.Counted use = this::removeUser;
        reader.counted(use, use);
    }

    /** Whether the file has a name, or may get its first one. */
    final boolean mayBeLinked() {
        return linkable || stat().links() > 0;
    }

    /** The file has got a name; should it lose all of them, there will be no other. */
    final void linked() {
        linkable = false;
    }

    /** One more description refers to the file. */
    final void addUser() {
        users.getAndIncrement();
    }

    /** A description is gone. */
    final void removeUser() {
        if (users.decrementAndGet() == 0) {
            unused();
        }
    }

    /** Whether a description refers to the file: it is open, or mapped. */
    protected final boolean isUsed() {
        return users.get() > 0;
    }

    /** The last description is gone. Others may come; see {@link #isUsed}. */
    protected void unused() {}

    /**
     * Notes that someone is about to write the file.
     *
     * @throws ErrnoException ETXTBSY if it is being run as a program
     */
    public final void addWriter() {
        if (writers.getAndUpdate(count -> count < 0 ? count : count + 1) < 0) {
            throw ErrnoException.of(Errno.ETXTBSY);
        }
    }

    /** Ends {@link #addWriter}. */
    public final void removeWriter() {
        writers.getAndDecrement();
    }

    /**
     * Keeps writers away, for the file is about to be run.
     *
     * @throws ErrnoException ETXTBSY if it is open for writing
     */
    public final void denyWriters() {
        if (writers.getAndUpdate(count -> count > 0 ? count : count - 1) > 0) {
            throw ErrnoException.of(Errno.ETXTBSY);
        }
    }

    /** Ends {@link #denyWriters}. */
    public final void allowWriters() {
        writers.getAndIncrement();
    }

    /**
     * Who may do what.
     *
     * @param permissions as chmod(2) sets them
     * @param uid of the owner
     * @param gid of the group
     */
    public record Ownership(int permissions, int uid, int gid) {}
}
