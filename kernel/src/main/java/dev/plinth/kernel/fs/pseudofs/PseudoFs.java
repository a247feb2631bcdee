package dev.plinth.kernel.fs.pseudofs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.NamedInodeState;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.NamedInodes;
import dev.plinth.kernel.vfs.PathName;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A file system whose files are made of what they show. */
public abstract class PseudoFs extends FileSystem implements NamedInodes {
    private final InodeNumbers numbers;
    private final long magic;
    private final Instant time;
    private final int fileSize;
    private final int blockBytes;

    /**
     * A file system.
     *
     * @param type its name in /proc/filesystems
     * @param magic as statfs(2) tells it
     * @param numbers gives numbers to the file system and to its inodes
     * @param time of every file
     * @param fileSize that stat(2) shows of every regular file, whatever it holds
     * @param blockBytes that stat(2) shows for efficient reading
     */
    protected PseudoFs(
            String type,
            long magic,
            InodeNumbers numbers,
            Instant time,
            int fileSize,
            int blockBytes) {
        this(type, numbers.nextDevice(), magic, numbers, time, fileSize, blockBytes);
    }

    /** The same with a number that it had before. */
    protected PseudoFs(
            String type,
            DeviceNumber device,
            long magic,
            InodeNumbers numbers,
            Instant time,
            int fileSize,
            int blockBytes) {
        super(type, device);
        this.numbers = numbers;
        this.magic = magic;
        this.time = requireNonNull(time, "time is null");
        this.fileSize = fileSize;
        this.blockBytes = blockBytes;
    }

    @Override
    public final FileSystemStat stat() {
        return FileSystemStat.virtual(magic);
    }

    /**
     * What a lookup gives for a name that there is not.
     *
     * @return nothing, if a name could be made in general; whoever tries is refused later
     * @throws dev.plinth.kernel.errno.ErrnoException ENOENT if no names are ever made here
     */
    public Optional<Inode> missing() {
        return Optional.empty();
    }

    @Override
    public final Inode restoreInode(Inode parent, PathName name, boolean gone) {
        if (!(parent instanceof NamedEntries directory)) {
            throw StateReader.corrupt("a file is in no directory");
        }
        return directory
                .restoreInode(name, gone)
                .orElseThrow(() ->
                        StateReader.corrupt("there is no '%s' in %s".formatted(name, type())));
    }

    /** What is saved of the inodes that programs may have seen. */
    protected final List<NamedInodeState> saveInodes() {
        return KnownNumbers.save(root());
    }

    /** Makes these inodes again. */
    protected final void restoreInodes(List<NamedInodeState> saved, StateReader reader) {
        KnownNumbers.restore(this, saved, reader);
    }

    /** The time of every file. */
    protected final Instant time() {
        return time;
    }

    /** A number for one more inode. */
    public final long nextNumber() {
        return numbers.next();
    }

    /** What stat(2) shows of an inode. */
    public final FileStat stat(Inode inode, int links) {
        Inode.Ownership owner = inode.ownership();
        long size =
                switch (inode.type()) {
                    case REGULAR -> fileSize;
                    default -> 0;
                };
        return new FileStat(
                device(),
                inode.number(),
                inode.type(),
                owner.permissions(),
                links,
                owner.uid(),
                owner.gid(),
                DeviceNumber.NONE,
                size,
                blockBytes,
                0,
                time,
                time,
                time,
                Instant.EPOCH);
    }
}
