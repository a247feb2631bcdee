package dev.plinth.kernel.fs.hostfs;

import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.HostFsInodeState;

/** An inode of hostfs: of whatever type, it has a handle. */
interface HostFsInode {
    /** Where the file is on the host. */
    HostHandle handle();

    /** Its number in the sandbox. */
    long number();

    /** What is saved of every such inode. */
    default HostFsInodeState.Builder saveHostInode(StateWriter writer) {
        return HostFsInodeState.newBuilder()
                .setHandleRef(writer.reference(handle()))
                .setNumber(number());
    }
}
