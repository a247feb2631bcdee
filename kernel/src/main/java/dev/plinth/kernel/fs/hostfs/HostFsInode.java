package dev.plinth.kernel.fs.hostfs;

/** An inode of a hostfs: of whatever type, it has a file of the host. */
interface HostFsInode {
    /** The file of the host. */
    HostHandle handle();
}
