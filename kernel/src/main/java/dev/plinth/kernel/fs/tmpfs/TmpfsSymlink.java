package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.TmpfsSymlinkState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FixedSymlink;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;

/** A symbolic link of a tmpfs. */
final class TmpfsSymlink extends FixedSymlink implements TmpfsInode {
    private final TmpFs fileSystem;
    private final PathName target;
    private final NodeAttributes attributes;

    TmpfsSymlink(TmpFs fileSystem, PathName target, NewNode node) {
        super(fileSystem, fileSystem.numberOf(node));
        this.fileSystem = fileSystem;
        this.target = requireNonNull(target, "target is null");
        this.attributes = new NodeAttributes(fileSystem.clock(), node, 1);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setTmpfsSymlink(
                        TmpfsSymlinkState.newBuilder()
                                .setInode(attributes.save(this, writer))
                                .setTarget(ByteString.copyFrom(target.toBytes())));
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
    public PathName target() {
        return target;
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, attributes.snapshot(), target.length(), 0);
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
