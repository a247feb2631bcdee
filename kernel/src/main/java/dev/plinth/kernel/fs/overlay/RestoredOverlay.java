package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.OverlayFsState;
import dev.plinth.kernel.state.proto.OverlayInodeState;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;

import java.util.IdentityHashMap;
import java.util.Optional;
import java.util.function.Consumer;

/** Makes overlays again that were saved. Confined to the thread that restores. */
@NotSaved("lives as long as a restore")
final class RestoredOverlay {
    private final Consumer<FileSystem> owner;

    /** The object that is the root of a file system. */
    private final IdentityHashMap<OverlayFs, Integer> roots = new IdentityHashMap<>();

    RestoredOverlay(Consumer<FileSystem> owner) {
        this.owner = requireNonNull(owner, "owner is null");
    }

    void addTo(Restorers restorers) {
        restorers.add(KindCase.OVERLAY_FS, this::fileSystem);
        restorers.add(KindCase.OVERLAY_INODE, this::inode);
        restorers.add(KindCase.OVERLAY_DESCRIPTION, OverlayDescription::restore);
    }

    private OverlayFs fileSystem(ObjectState object, StateReader reader) {
        OverlayFsState state = object.getOverlayFs();
        OverlayFs fileSystem =
                new OverlayFs(
                        InodeNumbers.of(reader).requireGivenDevice(state.getDevice()),
                        reader.get(state.getLowerRootRef(), Directory.class),
                        reader.get(state.getUpperRef(), TmpFs.class));
        owner.accept(fileSystem);
        roots.put(fileSystem, state.getRootRef());
        reader.later(() -> {
            for (int reference : state.getOriginRefsList()) {
                Directory origin = reader.get(reference, Directory.class);
                requireOf(fileSystem.lowerRoot().fileSystem(), origin);
                fileSystem.rememberOrigin(origin);
            }
            for (int reference : state.getKeptRefsList()) {
                Inode kept = reader.get(reference, Inode.class);
                requireOf(fileSystem, kept);
                fileSystem.keep(kept);
            }
        });
        return fileSystem;
    }

    private static void requireOf(FileSystem fileSystem, Inode inode) {
        if (!inode.fileSystem().equals(fileSystem)) {
            throw StateReader.corrupt("a layer has a file of another file system");
        }
    }

    private Inode inode(ObjectState object, StateReader reader) {
        OverlayInodeState state = object.getOverlayInode();
        OverlayFs fileSystem = reader.get(state.getFileSystemRef(), OverlayFs.class);
        if (roots.get(fileSystem) == object.getNumber()) {
            return fileSystem.rootDirectory();
        }
        Optional<Inode> upper = reader.find(state.getUpperRef(), Inode.class);
        Optional<Inode> lower = reader.find(state.getLowerRef(), Inode.class);
        upper.ifPresent(inode -> requireOf(fileSystem.upper(), inode));
        lower.ifPresent(inode -> requireOf(fileSystem.lowerRoot().fileSystem(), inode));
        if (!areOne(upper, lower)) {
            throw StateReader.corrupt("a file of an overlay is another one in each layer");
        }
        Inode inode =
                fileSystem
                        .restoreInode(upper, lower)
                        .orElseThrow(() -> StateReader.corrupt("a file of an overlay is two"));
        OverlayFs.layersOf(inode).restore(state, reader);
        if (inode instanceof OverlayFile file) {
            file.restore(state, reader);
        }
        return inode;
    }

    /** Whether what the layers have can be one file, which kept its number when it was copied. */
    private static boolean areOne(Optional<Inode> upper, Optional<Inode> lower) {
        if (upper.isEmpty() || lower.isEmpty()) {
            return upper.isPresent() || lower.isPresent();
        }
        return upper.get().type() == lower.get().type()
                && upper.get().number() == lower.get().number();
    }
}
