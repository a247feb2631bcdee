package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;

/** A device, fifo or socket of either layer. */
final class OverlayNode extends Inode implements OverlayInode {
    private final Layers layers;

    OverlayNode(Layers layers) {
        super(layers.fileSystem(), layers.number(), layers.current().type());
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
    public DeviceNumber deviceId() {
        return layers.current().deviceId();
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
