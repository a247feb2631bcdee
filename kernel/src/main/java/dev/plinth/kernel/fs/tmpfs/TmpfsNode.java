package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.TmpfsNodeState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NewNode;

/** A device, fifo or socket of a tmpfs: a name and attributes, no content. */
final class TmpfsNode extends Inode implements TmpfsInode {
    private final TmpFs fileSystem;
    private final DeviceNumber deviceId;
    private final NodeAttributes attributes;

    TmpfsNode(TmpFs fileSystem, FileType type, DeviceNumber deviceId, NewNode node) {
        super(fileSystem, fileSystem.numberOf(node), type);
        this.fileSystem = fileSystem;
        this.deviceId = requireNonNull(deviceId, "deviceId is null");
        this.attributes = new NodeAttributes(fileSystem.clock(), node, 1);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setTmpfsNode(
                        TmpfsNodeState.newBuilder()
                                .setInode(attributes.save(this, writer))
                                .setType(type().modeBits())
                                .setDeviceId(deviceId.encode()));
    }

    @Override
    public Inode inode() {
        return this;
    }

    @Override
    public NodeAttributes attributes() {
        return attributes;
    }

    @Override
    public DeviceNumber deviceId() {
        return deviceId;
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, attributes.snapshot(), 0, 0);
    }

    @Override
    protected AttributeStore attributeStore() {
        return attributes;
    }

    @Override
    public Ownership ownership() {
        return attributes.ownership();
    }

    @Override
    public void removeLink() {
        if (attributes.addLinks(-1) == 0) {
            fileSystem.forgetInode();
        }
    }
}
