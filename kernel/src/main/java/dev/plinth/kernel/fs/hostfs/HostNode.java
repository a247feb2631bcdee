package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;

/** A device, fifo or socket of the host, which is never opened there. */
final class HostNode extends Inode implements HostFsInode {
    private final HostHandle handle;

    HostNode(HostHandle handle, long number) {
        super(handle.fileSystem(), number, handle.lastKnown().type());
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
    public DeviceNumber deviceId() {
        return handle.lastKnown().stat().deviceId();
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
