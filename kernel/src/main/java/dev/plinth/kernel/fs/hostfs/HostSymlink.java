package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FixedSymlink;
import dev.plinth.kernel.vfs.PathName;

import java.util.Optional;

/** A symbolic link of the host; it is followed in the sandbox, never on the host. */
final class HostSymlink extends FixedSymlink implements HostFsInode {
    private final HostHandle handle;

    /** What it holds; a link is never changed, only replaced by another one. */
    @NotSaved("a cache of what the host has")
    private volatile Optional<PathName> target = Optional.empty();

    HostSymlink(HostHandle handle, long number) {
        super(handle.fileSystem(), number);
        this.handle = requireNonNull(handle, "handle is null");
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder().setHostFsInode(saveHostInode(writer));
    }

    @Override
    public HostHandle handle() {
        return handle;
    }

    @Override
    public PathName target() {
        Optional<PathName> known = target;
        if (known.isEmpty()) {
            known = Optional.of(handle.withDescriptor(handle.calls()::readLink));
            target = known;
        }
        return known.get();
    }

    @Override
    public FileStat stat() {
        return handle.stat(this);
    }

    @Override
    protected AttributeStore attributeStore() {
        return handle;
    }

    @Override
    public Ownership ownership() {
        return handle.ownership();
    }
}
