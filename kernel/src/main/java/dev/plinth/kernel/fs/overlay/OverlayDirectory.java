package dev.plinth.kernel.fs.overlay;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A directory of either layer, or of both, merged. */
final class OverlayDirectory extends Directory implements OverlayInode {
    private static final NewNode WHITEOUT = new NewNode(0, 0, 0);

    private final OverlayFs fileSystem;
    private final Layers layers;

    OverlayDirectory(
            OverlayFs fileSystem,
            Optional<Directory> upper,
            Optional<Directory> lower,
            Optional<Layers.Place> place) {
        super(fileSystem, upper.or(() -> lower).orElseThrow().number());
        this.fileSystem = fileSystem;
        this.layers =
                new Layers(
                        fileSystem,
                        upper.map(Inode.class::cast),
                        lower.map(Inode.class::cast),
                        place);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder().setOverlayInode(layers.save(writer));
    }

    @Override
    public Layers layers() {
        return layers;
    }

    private Optional<Directory> upper() {
        return layers.upper().map(Directory.class::cast);
    }

    private Optional<Directory> lower() {
        return layers.lower().map(Directory.class::cast);
    }

    /** This directory in the upper layer, where it is from now on; the tree lock is held. */
    Directory copyUp() {
        return (Directory) layers.copyUpLocked(this);
    }

    private Layers.Place at(PathName name) {
        return new Layers.Place(this, name);
    }

    /** What the upper layer has at a name: a file, or a whiteout. */
    private Optional<Inode> upperEntry(PathName name) {
        return upper().flatMap(directory -> directory.lookup(name));
    }

    /** What the lower layer has at a name, whether it is covered or not. */
    private Optional<Inode> lowerEntry(PathName name) {
        return lower().flatMap(directory -> directory.lookup(name));
    }

    /** What the lower layer has at a name that the upper does not cover. */
    Optional<Inode> uncoveredEntry(PathName name) {
        return upperEntry(name).isPresent() ? Optional.empty() : lowerEntry(name);
    }

    @Override
    public FileStat stat() {
        return layers.stat();
    }

    @Override
    protected AttributeStore attributeStore() {
        return layers;
    }

    @Override
    public Ownership ownership() {
        return layers.current().ownership();
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        Optional<Inode> inUpper = upperEntry(name);
        if (inUpper.isPresent()) {
            return inUpper.filter(inode -> !OverlayFs.isWhiteout(inode))
                    .map(inode -> fileSystem.ofUpper(inode, at(name)));
        }
        return lowerEntry(name).map(inode -> fileSystem.ofLower(inode, at(name)));
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        Layers child = OverlayFs.layersOf(inode);
        return child.upper().isPresent()
                || lower().isEmpty()
                || lower().get().namesStill(name, child.lower().orElseThrow());
    }

    @Override
    public List<DirectoryEntry> entries() {
        if (lower().isEmpty()) {
            return upper().orElseThrow().entries();
        }
        if (upper().isEmpty()) {
            return lower().get().entries();
        }
        List<DirectoryEntry> merged = new ArrayList<>();
        Set<PathName> covered = new HashSet<>();
        Directory upperDirectory = upper().get();
        for (DirectoryEntry entry : upperDirectory.entries()) {
            covered.add(entry.name());
            if (!isWhiteout(upperDirectory, entry)) {
                merged.add(entry);
            }
        }
        for (DirectoryEntry entry : lower().get().entries()) {
            if (!covered.contains(entry.name())) {
                merged.add(entry);
            }
        }
        return merged;
    }

    private static boolean isWhiteout(Directory directory, DirectoryEntry entry) {
        return entry.type() == FileType.CHARACTER_DEVICE
                && directory.lookup(entry.name()).filter(OverlayFs::isWhiteout).isPresent();
    }

    /** This directory in the upper layer, with a name made free there for a new file. */
    private Directory upperWithRoomFor(PathName name) {
        Directory directory = copyUp();
        uncover(directory, name);
        return directory;
    }

    /** Removes a whiteout, if there is one at a name. */
    private static void uncover(Directory upperDirectory, PathName name) {
        upperDirectory
                .lookup(name)
                .filter(OverlayFs::isWhiteout)
                .ifPresent(whiteout -> upperDirectory.unlink(name, whiteout));
    }

    /** Covers what the lower layer has at a name, for which the upper has nothing. */
    private void cover(PathName name) {
        if (lowerEntry(name).isPresent()) {
            copyUp().makeNode(name, FileType.CHARACTER_DEVICE, DeviceNumber.NONE, WHITEOUT);
        }
    }

    @Override
    public Inode create(PathName name, NewNode node) {
        return fileSystem.ofUpper(upperWithRoomFor(name).create(name, node), at(name));
    }

    @Override
    public Inode createUnnamed(NewNode node) {
        return fileSystem.ofUnnamed(fileSystem.upper().makeUnnamedFile(node));
    }

    @Override
    public Directory makeDirectory(PathName name, NewNode node) {
        Inode directory = upperWithRoomFor(name).makeDirectory(name, node);
        return (Directory) fileSystem.ofUpper(directory, at(name));
    }

    @Override
    public Inode makeSymlink(PathName name, PathName target, NewNode node) {
        return fileSystem.ofUpper(upperWithRoomFor(name).makeSymlink(name, target, node), at(name));
    }

    @Override
    public Inode makeNode(PathName name, FileType type, DeviceNumber deviceId, NewNode node) {
        if (type == FileType.CHARACTER_DEVICE && deviceId.equals(DeviceNumber.NONE)) {
            // ovl_mknod: it would be taken for a whiteout.
            throw ErrnoException.of(Errno.EPERM);
        }
        return fileSystem.ofUpper(
                upperWithRoomFor(name).makeNode(name, type, deviceId, node), at(name));
    }

    @Override
    public void link(PathName name, Inode inode) {
        Inode copy = OverlayFs.layersOf(inode).copyUpLocked(inode);
        upperWithRoomFor(name).link(name, copy);
    }

    @Override
    public void unlink(PathName name, Inode inode) {
        Optional<Inode> inUpper = upperEntry(name);
        if (inUpper.isPresent()) {
            copyUp().unlink(name, inUpper.get());
            cover(name);
            OverlayFs.layersOf(inode).settleLinks(inode);
        } else {
            cover(name);
            OverlayFs.layersOf(inode).lowerNameCovered(inode);
        }
    }

    @Override
    public void removeDirectory(PathName name, Directory directory) {
        OverlayDirectory removed = (OverlayDirectory) directory;
        removed.clear();
        upperEntry(name).ifPresent(inUpper -> copyUp().removeDirectory(name, (Directory) inUpper));
        cover(name);
        fileSystem.forgetOrigin(removed.number());
    }

    /** Removes the whiteouts of a directory that shows nothing, so that it can be removed. */
    private void clear() {
        if (!entries().isEmpty()) {
            throw ErrnoException.of(Errno.ENOTEMPTY);
        }
        upper().ifPresent(directory -> {
            for (DirectoryEntry entry : directory.entries()) {
                uncover(directory, entry.name());
            }
        });
    }

    @Override
    public void rename(Rename rename) {
        OverlayDirectory target = (OverlayDirectory) rename.newDirectory();
        if (!rename.exchange()) {
            rename.replaced().ifPresent(OverlayDirectory::requireReplaceable);
        }
        Inode moved = bringUp(rename.oldName(), rename.moved());
        Directory to = target.copyUp();
        Optional<Inode> replaced = Optional.empty();
        if (rename.exchange()) {
            replaced = rename.replaced().map(other -> target.bringUp(rename.newName(), other));
        } else if (rename.replaced().isPresent()) {
            replaced = target.giveWay(rename.newName(), rename.replaced().get());
        } else {
            uncover(to, rename.newName());
        }
        copyUp().rename(
                        new Rename(
                                rename.oldName(),
                                moved,
                                to,
                                rename.newName(),
                                replaced,
                                rename.exchange()));
        OverlayFs.layersOf(rename.moved()).foundAt(target.at(rename.newName()));
        if (rename.exchange()) {
            OverlayFs.layersOf(rename.replaced().orElseThrow()).foundAt(at(rename.oldName()));
            return;
        }
        cover(rename.oldName());
        rename.replaced().ifPresent(this::forgetReplaced);
    }

    private static void requireReplaceable(Inode replaced) {
        if (replaced instanceof OverlayDirectory directory) {
            directory.clear();
        }
    }

    private void forgetReplaced(Inode replaced) {
        if (replaced instanceof OverlayDirectory directory) {
            fileSystem.forgetOrigin(directory.number());
        } else {
            OverlayFs.layersOf(replaced).settleLinks(replaced);
        }
    }

    /** Sees to it that a file is in the upper layer under a name, and returns it as it is there. */
    private Inode bringUp(PathName name, Inode inode) {
        Inode copy = OverlayFs.layersOf(inode).copyUpLocked(inode);
        if (upperEntry(name).isEmpty()) {
            // It was copied by another name; this one is still only in the lower layer.
            copyUp().link(name, copy);
            OverlayFs.layersOf(inode).lowerNameCovered(inode);
        }
        return copy;
    }

    /** What a file that is about to be replaced leaves in the upper layer to be replaced there. */
    private Optional<Inode> giveWay(PathName name, Inode replaced) {
        Optional<Inode> inUpper = upperEntry(name);
        if (inUpper.isEmpty() && !(replaced instanceof OverlayDirectory)) {
            OverlayFs.layersOf(replaced).lowerNameCovered(replaced);
        }
        return inUpper;
    }
}
