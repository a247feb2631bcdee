package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.List;
import java.util.Optional;

/**
 * A directory: names, and the files they stand for.
 *
 * <p>All methods below are called with the file system's tree lock held: for reading by {@link
 * #lookup}, {@link #namesStill} and {@link #entries}, for writing by the others. {@link Vfs} has
 * checked permissions, that a new name does not exist, and that an old one does and is of the right
 * kind; {@code .} and {@code ..} never get here.
 */
public abstract class Directory extends Inode {
    /** A directory of a file system; see {@link Inode#Inode}. */
    protected Directory(FileSystem fileSystem, long number) {
        super(fileSystem, number, FileType.DIRECTORY);
    }

    /**
     * The file that a name stands for, or empty if there is none.
     *
     * @throws ErrnoException if the file system cannot tell, or does not let names be made that it
     *     does not have (ENOENT)
     */
    public abstract Optional<Inode> lookup(PathName name);

    /**
     * Whether a name that was looked up before still stands for the same file.
     *
     * <p>Asked whenever a cached name is used, so it is cheap. File systems that change only
     * through {@link Vfs} need not override it.
     */
    public boolean namesStill(PathName name, Inode inode) {
        return true;
    }

    /** Every entry but {@code .} and {@code ..}, in any order. */
    public abstract List<DirectoryEntry> entries();

    /** Makes a regular file. */
    public Inode create(PathName name, NewNode node) {
        throw ErrnoException.of(Errno.EACCES);
    }

    /**
     * Makes a regular file that has no name, as O_TMPFILE does. {@link #link} can give it one.
     *
     * @return the file, which is gone if it is not opened
     */
    public Inode createUnnamed(NewNode node) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    /** Makes a directory. */
    public Directory makeDirectory(PathName name, NewNode node) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** Makes a symbolic link. */
    public Inode makeSymlink(PathName name, PathName target, NewNode node) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** Makes a device, fifo or socket. */
    public Inode makeNode(PathName name, FileType type, DeviceNumber deviceId, NewNode node) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /**
     * Gives a file one more name.
     *
     * @param inode of this file system, no directory
     * @throws ErrnoException EMLINK if it has too many
     */
    public void link(PathName name, Inode inode) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** Removes a name of a file that is no directory. */
    public void unlink(PathName name, Inode inode) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /**
     * Removes a directory.
     *
     * @throws ErrnoException ENOTEMPTY if it has entries
     */
    public void removeDirectory(PathName name, Directory directory) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /**
     * Moves a file; see {@link Rename}.
     *
     * @throws ErrnoException ENOTEMPTY if the target is a directory with entries; EINVAL if the
     *     file system does not know the flags
     */
    public void rename(Rename rename) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** Opens the directory for reading its entries. */
    @Override
    public FileDescription open(Location location, int flags) {
        return new DirectoryDescription(location, flags, this);
    }

    /**
     * What rename(2) does.
     *
     * @param oldName in this directory
     * @param moved what it stands for
     * @param newDirectory where to; of the same file system
     * @param newName there
     * @param replaced what the new name stands for, which is removed, or exchanged
     * @param exchange whether the two change places
     */
    public record Rename(
            PathName oldName,
            Inode moved,
            Directory newDirectory,
            PathName newName,
            Optional<Inode> replaced,
            boolean exchange) {}
}
