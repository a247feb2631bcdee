package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FixedSymlink;
import dev.plinth.kernel.vfs.PathName;

import java.time.Instant;
import java.util.Optional;

/** A symbolic link of either layer. */
final class OverlaySymlink extends FixedSymlink {
    private final Layers layers;

    OverlaySymlink(Layers layers) {
        super(layers.fileSystem(), layers.number());
        this.layers = requireNonNull(layers, "layers is null");
    }

    Layers layers() {
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
    public Ownership ownership() {
        return layers.current().ownership();
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
