package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FixedSymlink;
import dev.plinth.kernel.vfs.PathName;

/** A symbolic link of either layer. */
final class OverlaySymlink extends FixedSymlink implements OverlayInode {
    private final Layers layers;

    OverlaySymlink(Layers layers) {
        super(layers.fileSystem(), layers.number());
        this.layers = requireNonNull(layers, "layers is null");
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder().setOverlayInode(layers.save(writer));
    }

    @Override
    public Layers layers() {
        return layers;
    }

    @Override
    public PathName target() {
        return ((FixedSymlink) layers.current()).target();
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
}
