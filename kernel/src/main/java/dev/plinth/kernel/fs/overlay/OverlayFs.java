package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.OverlayFsState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;

/** A directory that is never changed, and a tmpfs above it that takes every change. */
public final class OverlayFs extends FileSystem {
    private final TmpFs upper;
    private final Directory lowerRoot;
    private final OverlayDirectory root;

    private final Object inodesLock = new Object();

    /** The inodes that someone holds, by their number, which is the same in both layers. */
    @NotSaved("knows those that others hold, which add themselves")
    @GuardedBy("inodesLock")
    private final Map<Long, InodeReference> inodes = new HashMap<>();

    @NotSaved("of that map")
    @GuardedBy("inodesLock")
    private final ReferenceQueue<Inode> collected = new ReferenceQueue<>();

    /**
     * Inodes that know what neither layer does: which of a file's names in the lower layer still
     * count.
     */
    @GuardedBy("inodesLock")
    private final Map<Long, Inode> kept = new HashMap<>();

    /** From which directory of the lower layer one of the upper was copied, by their number. */
    @GuardedBy("inodesLock")
    private final Map<Long, Directory> origins = new HashMap<>();

    /**
     * A file system that shows what a lower one has.
     *
     * @param lower borrowed; changed by nobody in the sandbox while this lives
     * @param numbers gives numbers to the file system and to new files
     * @param memory holds the content of changed files; borrowed
     * @param clock for the times of files
     * @param limitBytes how much content the upper layer holds at most
     */
    public OverlayFs(
            FileSystem lower,
            InodeNumbers numbers,
            MemoryFile memory,
            Clock clock,
            long limitBytes) {
        this(
                numbers.nextDevice(),
                lower.root(),
                upperLayer(lower.root(), numbers, memory, clock, limitBytes));
    }

    /** The same of layers that there are. */
    OverlayFs(DeviceNumber device, Directory lowerRoot, TmpFs upper) {
        super("overlay", device);
        this.lowerRoot = requireNonNull(lowerRoot, "lowerRoot is null");
        this.upper = requireNonNull(upper, "upper is null");
        this.root =
                new OverlayDirectory(
                        this, Optional.of(upper.root()), Optional.of(lowerRoot), Optional.empty());
    }

    private static TmpFs upperLayer(
            Directory lowerRoot,
            InodeNumbers numbers,
            MemoryFile memory,
            Clock clock,
            long limitBytes) {
        FileStat stat = lowerRoot.stat();
        return new TmpFs(
                "overlay-upper",
                numbers,
                memory,
                clock,
                limitBytes,
                new NewNode(
                        stat.permissions(),
                        stat.uid(),
                        stat.gid(),
                        OptionalLong.of(lowerRoot.number())));
    }

    /**
     * Makes overlays again that were saved, over layers that are made again before.
     *
     * @param owner closes each of them in the end
     */
    public static void restoring(Restorers restorers, Consumer<FileSystem> owner) {
        new RestoredOverlay(owner).addTo(restorers);
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setOverlayFs(
                        OverlayFsState.newBuilder()
                                .setDevice(device().encode())
                                .setUpperRef(writer.reference(upper))
                                .setLowerRootRef(writer.reference(lowerRoot))
                                .setRootRef(writer.reference(root))
                                .addAllOriginRefs(writer.references(origins.values()))
                                .addAllKeptRefs(writer.references(kept.values())));
    }

    /** Makes an inode again that was saved; empty if there is one of that number already. */
    Optional<Inode> restoreInode(Optional<Inode> upperInode, Optional<Inode> lowerInode) {
        synchronized (inodesLock) {
            long number = upperInode.or(() -> lowerInode).orElseThrow().number();
            return knownLocked(number).isPresent()
                    ? Optional.empty()
                    : Optional.of(makeLocked(upperInode, lowerInode, Optional.empty()));
        }
    }

    Directory lowerRoot() {
        return lowerRoot;
    }

    OverlayDirectory rootDirectory() {
        return root;
    }

    @Override
    public Directory root() {
        return root;
    }

    @Override
    public FileSystemStat stat() {
        FileSystemStat stat = upper.stat();
        return new FileSystemStat(
                Fs.OVERLAYFS_SUPER_MAGIC,
                stat.blockSize(),
                stat.blocks(),
                stat.freeBlocks(),
                stat.availableBlocks(),
                stat.files(),
                stat.freeFiles(),
                stat.nameLength());
    }

    @Override
    public void close() {
        synchronized (inodesLock) {
            for (Inode inode : kept.values()) {
                layersOf(inode).forgetNames();
            }
            kept.clear();
        }
        upper.close();
    }

    TmpFs upper() {
        return upper;
    }

    /** Held to change names, or what is behind them. */
    Lock changeLock() {
        return treeLock().writeLock();
    }

    /** The inode of a file that is in the upper layer. */
    Inode ofUpper(Inode upperInode, Layers.Place place) {
        synchronized (inodesLock) {
            Optional<Inode> known = knownLocked(upperInode.number());
            if (known.isPresent()) {
                layersOf(known.get()).foundAt(place);
                return known.get();
            }
            Optional<Inode> lower =
                    upperInode.type() == FileType.DIRECTORY
                            ? Optional.ofNullable(origins.get(upperInode.number()))
                            : Optional.empty();
            return makeLocked(Optional.of(upperInode), lower, Optional.of(place));
        }
    }

    /** The inode of a file of the upper layer that has no name yet. */
    Inode ofUnnamed(Inode upperInode) {
        synchronized (inodesLock) {
            return makeLocked(Optional.of(upperInode), Optional.empty(), Optional.empty());
        }
    }

    /** The inode of a file that is in the lower layer only, unless it has been copied meanwhile. */
    Inode ofLower(Inode lowerInode, Layers.Place place) {
        synchronized (inodesLock) {
            Optional<Inode> known = knownLocked(lowerInode.number());
            if (known.isPresent()) {
                layersOf(known.get()).foundAt(place);
                return known.get();
            }
            return makeLocked(Optional.empty(), Optional.of(lowerInode), Optional.of(place));
        }
    }

    @GuardedBy("inodesLock")
    private Optional<Inode> knownLocked(long number) {
        while (collected.poll() instanceof InodeReference reference) {
            inodes.remove(reference.number, reference);
        }
        InodeReference reference = inodes.get(number);
        return reference == null ? Optional.empty() : Optional.ofNullable(reference.get());
    }

    @GuardedBy("inodesLock")
    private Inode makeLocked(
            Optional<Inode> upperInode, Optional<Inode> lowerInode, Optional<Layers.Place> at) {
        Inode some = upperInode.orElseGet(lowerInode::orElseThrow);
        Inode inode =
                switch (some.type()) {
                    case DIRECTORY ->
                            new OverlayDirectory(
                                    this,
                                    upperInode.map(Directory.class::cast),
                                    lowerInode.map(Directory.class::cast),
                                    at);
                    case REGULAR -> new OverlayFile(new Layers(this, upperInode, lowerInode, at));
                    case SYMLINK ->
                            new OverlaySymlink(new Layers(this, upperInode, lowerInode, at));
                    case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, SOCKET, ANONYMOUS ->
                            new OverlayNode(new Layers(this, upperInode, lowerInode, at));
                };
        inodes.put(inode.number(), new InodeReference(inode, collected));
        return inode;
    }

    /** A directory of the upper layer is the copy of one in the lower. */
    void rememberOrigin(Directory lowerDirectory) {
        synchronized (inodesLock) {
            origins.put(lowerDirectory.number(), lowerDirectory);
        }
    }

    /** A directory of the upper layer is gone. */
    void forgetOrigin(long number) {
        synchronized (inodesLock) {
            origins.remove(number);
        }
    }

    /** An inode knows what the layers do not. */
    void keep(Inode inode) {
        synchronized (inodesLock) {
            kept.put(inode.number(), inode);
        }
    }

    /** Ends {@link #keep}; doing so again is harmless. */
    void letGo(Inode inode) {
        synchronized (inodesLock) {
            kept.remove(inode.number());
        }
    }

    /** The layers of an inode of an overlay. */
    static Layers layersOf(Inode inode) {
        if (inode instanceof OverlayInode overlay) {
            return overlay.layers();
        }
        throw new IllegalArgumentException("not of an overlay: " + inode);
    }

    /** Whether an inode of the upper layer says that a name is gone from the lower. */
    static boolean isWhiteout(Inode inode) {
        return inode.type() == FileType.CHARACTER_DEVICE
                && inode.deviceId().equals(DeviceNumber.NONE);
    }

    private static final class InodeReference extends WeakReference<Inode> {
        private final long number;

        InodeReference(Inode inode, ReferenceQueue<Inode> queue) {
            super(inode, queue);
            this.number = inode.number();
        }
    }
}
