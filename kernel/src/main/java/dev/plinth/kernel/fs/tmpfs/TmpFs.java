package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.TmpFsState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.linux.Fs;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** A file system in memory. */
public final class TmpFs extends FileSystem {
    /** Every block of {@code struct stat} has this many bytes. */
    private static final int STAT_BLOCK_BYTES = 512;

    /** Names and attributes lie on the JVM's heap, of which no guest may take all. */
    private static final long INODES_MAX = 1 << 20;

    private final InodeNumbers numbers;
    private final MemoryFile memory;
    private final Clock clock;
    private final long limitBytes;

    @NotSaved("added up from the files")
    private final AtomicLong usedBytes = new AtomicLong();

    @NotSaved("counted when they are made again")
    private final AtomicLong inodes = new AtomicLong();

    private final TmpfsDirectory root;

    /**
     * An empty file system.
     *
     * @param type its name in /proc/filesystems: {@code tmpfs}, or {@code devtmpfs}
     * @param numbers gives numbers to the file system and to its inodes
     * @param memory holds the content of files; borrowed
     * @param clock for the times of files
     * @param limitBytes how much content it holds at most
     * @param rootNode owner and permissions of the root directory
     */
    public TmpFs(
            String type,
            InodeNumbers numbers,
            MemoryFile memory,
            Clock clock,
            long limitBytes,
            NewNode rootNode) {
        this(type, numbers.nextDevice(), numbers, memory, clock, limitBytes, rootNode);
    }

    /** The same with a number that it had before. */
    TmpFs(
            String type,
            DeviceNumber device,
            InodeNumbers numbers,
            MemoryFile memory,
            Clock clock,
            long limitBytes,
            NewNode rootNode) {
        super(type, device);
        this.numbers = requireNonNull(numbers, "numbers is null");
        this.memory = requireNonNull(memory, "memory is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.limitBytes = limitBytes;
        this.root = new TmpfsDirectory(this, rootNode);
    }

    /**
     * Makes file systems again that were saved, and the files in them.
     *
     * @param memory holds the content of files; borrowed
     * @param clock for the times of files
     * @param owner closes each of them in the end
     */
    public static void restoring(
            Restorers restorers, MemoryFile memory, Clock clock, Consumer<FileSystem> owner) {
        new RestoredTmpfs(memory, clock, owner).addTo(restorers);
        MemoryFiles.restoring(restorers);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setTmpFs(
                        TmpFsState.newBuilder()
                                .setType(type())
                                .setDevice(device().encode())
                                .setLimitBytes(limitBytes)
                                .setRootRef(writer.reference(root)));
    }

    @Override
    public Directory root() {
        return root;
    }

    @Override
    public FileSystemStat stat() {
        long blocks = limitBytes / Pages.SIZE;
        long free = blocks - Math.min(blocks, usedBytes.get() / Pages.SIZE);
        return new FileSystemStat(
                Fs.TMPFS_MAGIC,
                Pages.SIZE,
                blocks,
                free,
                free,
                INODES_MAX,
                INODES_MAX - inodes.get(),
                Fs.NAME_MAX);
    }

    /** Gives up the memory of all files; nothing of the file system is open or mapped. */
    @Override
    public void close() {
        root.freeAll();
    }

    /**
     * Makes a regular file that has no name yet, as O_TMPFILE does: it can be given one with {@link
     * Directory#link}, and is gone when its last description is, if it has none by then.
     */
    public Inode makeUnnamedFile(NewNode node) {
        return new TmpfsFile(this, node, 0);
    }

    /** Has a file live on without a name; ended by {@link #removeNamelessLink}. */
    public void addNamelessLink(Inode inode) {
        ((TmpfsInode) inode).attributes().addLinks(1);
    }

    /** Ends {@link #addNamelessLink}. */
    public void removeNamelessLink(Inode inode) {
        ((TmpfsInode) inode).removeLink();
    }

    /** The root directory, as what it is. */
    TmpfsDirectory rootDirectory() {
        return root;
    }

    MemoryFile memory() {
        return memory;
    }

    Clock clock() {
        return clock;
    }

    /**
     * The number of a new inode.
     *
     * @throws ErrnoException ENOSPC if there are too many
     */
    long numberOf(NewNode node) {
        if (inodes.getAndUpdate(count -> Math.min(count + 1, INODES_MAX)) == INODES_MAX) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
        return node.number().orElseGet(numbers::next);
    }

    /** An inode is gone. */
    void forgetInode() {
        inodes.getAndDecrement();
    }

    /**
     * Accounts for memory that is about to be allocated.
     *
     * @param bytes that are wanted, of whole pages
     * @return how many there is room for, of whole pages
     * @throws ErrnoException ENOSPC if there is none
     */
    long charge(long bytes) {
        while (true) {
            long used = usedBytes.get();
            long granted = Math.min(bytes, Pages.floor(limitBytes - used));
            if (granted <= 0) {
                throw ErrnoException.of(Errno.ENOSPC);
            }
            if (usedBytes.compareAndSet(used, used + granted)) {
                return granted;
            }
        }
    }

    /** Accounts for memory that was allocated before the sandbox was saved. */
    void chargeRestored(long bytes) {
        usedBytes.addAndGet(bytes);
    }

    /** Accounts for memory that was given up. */
    void uncharge(long bytes) {
        usedBytes.addAndGet(-bytes);
    }

    /** What stat(2) shows of an inode with these attributes. */
    FileStat stat(Inode inode, NodeAttributes.Snapshot attributes, long size, long allocatedBytes) {
        return new FileStat(
                device(),
                inode.number(),
                inode.type(),
                attributes.ownership().permissions(),
                attributes.links(),
                attributes.ownership().uid(),
                attributes.ownership().gid(),
                inode.deviceId(),
                size,
                Pages.SIZE,
                allocatedBytes / STAT_BLOCK_BYTES,
                attributes.accessed(),
                attributes.modified(),
                attributes.changed(),
                attributes.born());
    }
}
