package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.OverlayInodeState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A regular file of either layer. */
final class OverlayFile extends Inode implements OverlayInode {
    private final Layers layers;
    private final OverlayPages pages = new OverlayPages();

    private final Object descriptionsLock = new Object();

    @NotSaved("each adds itself when it is made again")
    @GuardedBy("descriptionsLock")
    private final List<OverlayDescription> descriptions = new ArrayList<>(1);

    /** Keeps a copy alive that has no name, as long as the file is in use. */
    @GuardedBy("descriptionsLock")
    private Optional<FileDescription> keepsCopy = Optional.empty();

    OverlayFile(Layers layers) {
        super(layers.fileSystem(), layers.number(), FileType.REGULAR);
        this.layers = requireNonNull(layers, "layers is null");
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setOverlayInode(
                        layers.save(writer)
                                .setLinkable(isLinkable())
                                .setKeepsCopyRef(writer.reference(keepsCopy)));
    }

    /** Takes what was saved, before anybody has seen the file. */
    void restore(OverlayInodeState state, StateReader reader) {
        restoreUnnamed(state.getLinkable(), reader);
        reader.later(() -> {
            synchronized (descriptionsLock) {
                keepsCopy =
                        reader.find(state.getKeepsCopyRef(), FileDescription.class)
                                .map(FileDescription::retain);
            }
        });
    }

    /** A description was made again. */
    void restored(OverlayDescription description) {
        synchronized (descriptionsLock) {
            descriptions.add(description);
        }
    }

    @Override
    public Layers layers() {
        return layers;
    }

    OverlayPages pages() {
        return pages;
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
    public FileDescription open(Location location, int flags) {
        boolean truncates = (flags & Fcntl.O_TRUNC) != 0;
        if (truncates || (flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY) {
            layers.copyUp(this, !truncates);
        }
        synchronized (descriptionsLock) {
            Inode file = layers.current();
            int own = flags & ~(Fcntl.O_APPEND | Fcntl.O_TRUNC);
            SeekableDescription opened =
                    (SeekableDescription) file.open(Location.unnamed(file), own);
            OverlayDescription description = new OverlayDescription(location, flags, this, opened);
            descriptions.add(description);
            return description;
        }
    }

    /** A description is gone. */
    void forget(OverlayDescription description) {
        synchronized (descriptionsLock) {
            descriptions.remove(description);
        }
    }

    /**
     * The file is in the upper layer from now on: whoever has it open goes over to the copy.
     *
     * @param copyFile an open description of the copy, the caller's
     * @param takeOver whether the description becomes this file's, to keep the copy alive
     */
    void switchTo(Inode copy, SeekableDescription copyFile, boolean takeOver) {
        synchronized (descriptionsLock) {
            layers.publish(copy);
            for (OverlayDescription description : descriptions) {
                description.switchTo(
                        (SeekableDescription) copy.open(Location.unnamed(copy), Fcntl.O_RDONLY));
            }
            if (takeOver) {
                keepsCopy = Optional.of(copyFile);
            }
        }
        pages.switchTo(copyFile.mappable().orElseThrow());
    }

    @Override
    public void prepareChange() {
        layers.copyUp(this, true);
    }

    @Override
    protected void unused() {
        Optional<FileDescription> kept;
        synchronized (descriptionsLock) {
            if (isUsed()) {
                return;
            }
            kept = keepsCopy;
            keepsCopy = Optional.empty();
        }
        kept.ifPresent(FileDescription::close);
    }

    @Override
    public void truncate(long size) {
        layers.copyUp(this, size > 0).truncate(size);
    }
}
