package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;

import java.time.Instant;
import java.util.Optional;

/** A device, fifo or socket of either layer. */
final class OverlayNode extends Inode {
    private final Layers layers;

    OverlayNode(Layers layers) {
        super(layers.fileSystem(), layers.number(), layers.current().type());
        this.layers = requireNonNull(layers, "layers is null");
    }

    Layers layers() {
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
    public Ownership ownership() {
        return layers.current().ownership();
    }

    @Override
    public void setPermissions(int permissions) {
        layers.setPermissions(this, permissions);
    }

    @Override
    public void setOwner(int uid, int gid, int permissions) {
        layers.setOwner(this, uid, gid, permissions);
    }

    @Override
    public void setTimes(Optional<Instant> accessed, Optional<Instant> modified) {
        layers.setTimes(this, accessed, modified);
    }
}
