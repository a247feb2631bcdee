package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.OverlayInodeState;
import dev.plinth.kernel.state.proto.OverlayPlaceState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.FixedSymlink;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Lock;
import java.util.function.Supplier;

/**
 * Which layers have a file, and how it gets to the upper one: what all inodes of an overlay share.
 *
 * <p>Any thread may call any method; what changes does so under the overlay's tree lock, held for
 * writing. Content is copied without it.
 */
@SavedWith(OverlayInode.class)
final class Layers implements AttributeStore {
    private static final int COPY_BYTES = 1 << 20;

    private final OverlayFs fileSystem;
    private final long number;
    private final FileType type;
    private final Optional<Inode> lower;

    /** Set once, by copy-up. */
    private volatile Optional<Inode> upper;

    /** Held while the file is copied up; stands before the tree lock. */
    private final Object copyLock = new Object();

    /** The names by which the file was found, until it is copied up; some may be gone. */
    private final Set<Place> places = ConcurrentHashMap.newKeySet(2);

    /** How many of its names in the lower layer are covered, by a whiteout or by the copy. */
    private final AtomicInteger coveredNames = new AtomicInteger();

    /** Whether the copy has a link without a name, for names that only the lower layer has. */
    private volatile boolean pinned;

    /**
     * A name of a file.
     *
     * @param directory that the name is in
     * @param name there
     */
    record Place(OverlayDirectory directory, PathName name) {
        // Written out: those of a record are linked when they are first used, which takes a
        // millisecond.
        @Override
        public boolean equals(Object other) {
            return other instanceof Place place
                    && directory.equals(place.directory)
                    && name.equals(place.name);
        }

        @Override
        public int hashCode() {
            return 31 * directory.hashCode() + name.hashCode();
        }
    }

    Layers(
            OverlayFs fileSystem,
            Optional<Inode> upper,
            Optional<Inode> lower,
            Optional<Place> place) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.upper = requireNonNull(upper, "upper is null");
        this.lower = requireNonNull(lower, "lower is null");
        place.ifPresent(places::add);
        Inode some = current();
        this.number = some.number();
        this.type = some.type();
    }

    /** What is saved of every inode of an overlay. */
    OverlayInodeState.Builder save(StateWriter writer) {
        OverlayInodeState.Builder state =
                OverlayInodeState.newBuilder()
                        .setFileSystemRef(writer.reference(fileSystem))
                        .setUpperRef(writer.reference(upper))
                        .setLowerRef(writer.reference(lower))
                        .setCoveredNames(coveredNames.get())
                        .setPinned(pinned);
        for (Place somewhere : places) {
            state.addPlaces(
                    OverlayPlaceState.newBuilder()
                            .setDirectoryRef(writer.reference(somewhere.directory))
                            .setName(ByteString.copyFrom(somewhere.name.toBytes())));
        }
        return state;
    }

    /** Takes what was saved, of an inode that nobody has seen yet. */
    void restore(OverlayInodeState state, StateReader reader) {
        if (state.getCoveredNames() < 0 || (state.getPinned() && upper.isEmpty())) {
            throw StateReader.corrupt("a file of an overlay has names that there are not");
        }
        coveredNames.set(state.getCoveredNames());
        pinned = state.getPinned();
        reader.later(() -> {
            for (OverlayPlaceState saved : state.getPlacesList()) {
                OverlayDirectory directory =
                        reader.get(saved.getDirectoryRef(), OverlayDirectory.class);
                PathName name = PathName.of(saved.getName().toByteArray());
                if (!name.isName() || !directory.fileSystem().equals(fileSystem)) {
                    throw StateReader.corrupt("the name '" + name + "' is out of place");
                }
                foundAt(new Place(directory, name));
            }
        });
    }

    OverlayFs fileSystem() {
        return fileSystem;
    }

    long number() {
        return number;
    }

    Optional<Inode> upper() {
        return upper;
    }

    Optional<Inode> lower() {
        return lower;
    }

    /** The file in the layer that counts. */
    Inode current() {
        Optional<Inode> copy = upper;
        return copy.isPresent() ? copy.get() : lower.orElseThrow();
    }

    /** The file was found by a name. */
    void foundAt(Place found) {
        if (upper.isEmpty()) {
            places.add(found);
        }
    }

    /** A name that the lower layer has for the file, and nothing covers. */
    private Optional<Place> place() {
        Inode original = lower.orElseThrow();
        places.removeIf(somewhere -> !isAt(somewhere, original));
        return places.stream().findFirst();
    }

    @SuppressWarnings("ReferenceEquality") // There is one object for each file.
    private static boolean isAt(Place somewhere, Inode original) {
        return somewhere
                .directory
                .uncoveredEntry(somewhere.name)
                .filter(original::equals)
                .isPresent();
    }

    /** What is shown of the file. */
    FileStat stat() {
        FileStat stat = current().stat();
        return stat.shownAs(fileSystem.device(), number, links(stat));
    }

    private int links(FileStat current) {
        if (type == FileType.DIRECTORY) {
            // As Linux does for merged directories, whose subdirectories nobody counts.
            return upper.isPresent() && lower.isPresent() ? 1 : current.links();
        }
        if (upper.isEmpty()) {
            return Math.max(0, current.links() - coveredNames.get());
        }
        return current.links() - (pinned ? 1 : 0) + uncoveredNames();
    }

    /** How many names only the lower layer has. */
    private int uncoveredNames() {
        if (!pinned && upper.isPresent()) {
            return 0;
        }
        return lower.map(inode -> Math.max(0, inode.stat().links() - coveredNames.get())).orElse(0);
    }

    @Override
    public void setPermissions(Inode self, int permissions) {
        copyUp(self, true).setPermissions(permissions);
    }

    @Override
    public void setOwner(Inode self, int uid, int gid, int permissions) {
        copyUp(self, true).setOwner(uid, gid, permissions);
    }

    @Override
    public void setTimes(Inode self, Optional<Instant> accessed, Optional<Instant> modified) {
        copyUp(self, true).setTimes(accessed, modified);
    }

    @Override
    public Optional<byte[]> xattr(String name) {
        return current().xattr(name);
    }

    @Override
    public List<String> xattrNames() {
        return current().xattrNames();
    }

    @Override
    public void setXattr(Inode self, String name, byte[] value, XattrMode mode) {
        copyUp(self, true).setXattr(name, value, mode);
    }

    @Override
    public void removeXattr(Inode self, String name) {
        if (current().xattr(name).isEmpty()) {
            throw ErrnoException.of(Errno.ENODATA);
        }
        copyUp(self, true).removeXattr(name);
    }

    private static void copyXattrs(Inode original, Inode copy) {
        for (String name : original.xattrNames()) {
            original.xattr(name).ifPresent(value -> copy.setXattr(name, value, XattrMode.ANY));
        }
    }

    /**
     * Brings the file to the upper layer, if it is not there, and its parents before it.
     *
     * <p>Called without the tree lock, which is taken when the content has been copied.
     *
     * @param self the inode that these are the layers of
     * @param withContent whether the content of a regular file is copied too
     * @return the file there
     */
    Inode copyUp(Inode self, boolean withContent) {
        if (upper.isPresent()) {
            return upper.get();
        }
        if (type != FileType.REGULAR) {
            return underTreeLock(() -> copyUpLocked(self));
        }
        synchronized (copyLock) {
            if (upper.isPresent()) {
                return upper.get();
            }
            try (Copy copy = new Copy(withContent)) {
                return underTreeLock(() -> publishLocked((OverlayFile) self, copy));
            }
        }
    }

    private Inode underTreeLock(Supplier<Inode> action) {
        Lock lock = fileSystem.changeLock();
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The same, for whoever holds the tree lock for writing.
     *
     * <p>It does not wait for a copy that another thread is making, but makes its own: that one
     * waits for the tree lock, and finds then that it came too late.
     */
    Inode copyUpLocked(Inode self) {
        if (upper.isPresent()) {
            return upper.get();
        }
        if (type != FileType.REGULAR) {
            return copyUpOther(self);
        }
        try (Copy copy = new Copy(true)) {
            return publishLocked((OverlayFile) self, copy);
        }
    }

    private NewNode nodeLike(FileStat stat) {
        return new NewNode(stat.permissions(), stat.uid(), stat.gid(), OptionalLong.of(number));
    }

    /** Directories, symbolic links and device files: there is nothing to copy but attributes. */
    private Inode copyUpOther(Inode self) {
        Inode original = lower.orElseThrow();
        FileStat stat = original.stat();
        Place at = place().orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
        Directory parent = at.directory.copyUp();
        NewNode node = nodeLike(stat);
        Inode copy =
                switch (type) {
                    case DIRECTORY -> {
                        fileSystem.rememberOrigin((Directory) original);
                        yield parent.makeDirectory(at.name, node);
                    }
                    case SYMLINK ->
                            parent.makeSymlink(at.name, ((FixedSymlink) original).target(), node);
                    default -> parent.makeNode(at.name, type, original.deviceId(), node);
                };
        copyXattrs(original, copy);
        copy.setTimes(Optional.of(stat.accessed()), Optional.of(stat.modified()));
        publish(copy);
        countLinks(self, copy, stat);
        return copy;
    }

    /** A copy of a regular file in the upper layer, which lives by its description at first. */
    @NotSaved("lives as long as a call")
    private final class Copy implements AutoCloseable {
        private final FileStat stat;
        private final Inode inode;
        private final FileDescription file;

        /** Whether someone else keeps the description now. */
        private boolean handedOver;

        Copy(boolean withContent) {
            Inode original = lower.orElseThrow();
            stat = original.stat();
            inode = fileSystem.upper().makeUnnamedFile(nodeLike(stat));
            file = inode.open(Location.unnamed(inode), Fcntl.O_RDWR);
            boolean complete = false;
            try {
                if (withContent) {
                    copyContent(original, (SeekableDescription) file);
                }
                copyXattrs(original, inode);
                inode.setTimes(Optional.of(stat.accessed()), Optional.of(stat.modified()));
                complete = true;
            } finally {
                if (!complete) {
                    file.close();
                }
            }
        }

        @Override
        public void close() {
            if (!handedOver) {
                file.close();
            }
        }
    }

    /** Has a copy count from now on, unless there is one by now; the tree lock is held. */
    private Inode publishLocked(OverlayFile self, Copy copy) {
        if (upper.isPresent()) {
            return upper.get();
        }
        Optional<Place> at = place();
        at.ifPresent(here -> here.directory.copyUp().link(here.name, copy.inode));
        // What has no name lives by the description, as long as the file is in use.
        copy.handedOver = at.isEmpty();
        self.switchTo(copy.inode, (SeekableDescription) copy.file, copy.handedOver);
        if (at.isPresent()) {
            countLinks(self, copy.inode, copy.stat);
        }
        return copy.inode;
    }

    private static void copyContent(Inode original, SeekableDescription copy) {
        try (FileDescription file = original.open(Location.unnamed(original), Fcntl.O_RDONLY);
                Arena arena = Arena.ofConfined()) {
            SeekableDescription source = (SeekableDescription) file;
            MemorySegment buffer = arena.allocate(COPY_BYTES);
            long size = source.size();
            long offset = size == 0 ? 0 : source.nextData(0);
            while (offset < size) {
                long end = Math.min(size, source.nextHole(offset));
                while (offset < end) {
                    long wanted = Math.min(COPY_BYTES, end - offset);
                    MemorySegment piece = buffer.asSlice(0, wanted);
                    long count = source.readAt(IoBuffer.of(piece), offset);
                    if (count == 0) {
                        break;
                    }
                    long written = copy.overwrite(IoBuffer.of(piece.asSlice(0, count)), offset);
                    if (written < count) {
                        throw ErrnoException.of(Errno.ENOSPC);
                    }
                    offset += count;
                }
                offset = end < size ? source.nextData(end) : size;
            }
            copy.truncate(size);
        }
    }

    /** The copy is there: from now on it counts. */
    void publish(Inode copy) {
        upper = Optional.of(copy);
        places.clear();
    }

    /** The copy covers the name that it was made at; others may be left in the lower layer. */
    private void countLinks(Inode self, Inode copy, FileStat original) {
        if (type == FileType.DIRECTORY) {
            return;
        }
        coveredNames.getAndIncrement();
        if (original.links() > coveredNames.get()) {
            fileSystem.upper().addNamelessLink(copy);
            pinned = true;
            fileSystem.keep(self);
        }
    }

    /** A name that only the lower layer had is covered by a whiteout. */
    void lowerNameCovered(Inode self) {
        coveredNames.getAndIncrement();
        if (lower.isPresent() && uncoveredNames() > 0) {
            fileSystem.keep(self);
        }
        settleLinks(self);
    }

    /** The file system is gone, and with it what only the lower layer has a name for. */
    void forgetNames() {
        if (pinned) {
            pinned = false;
            fileSystem.upper().removeNamelessLink(upper.orElseThrow());
        }
    }

    /** A name of the file is gone: without any, nothing needs to be remembered. */
    void settleLinks(Inode self) {
        if (uncoveredNames() > 0) {
            return;
        }
        fileSystem.letGo(self);
        forgetNames();
    }
}
