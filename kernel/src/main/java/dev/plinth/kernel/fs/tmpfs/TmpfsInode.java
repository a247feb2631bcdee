package dev.plinth.kernel.fs.tmpfs;

import dev.plinth.kernel.vfs.Inode;

/** What the directories of a tmpfs do with any of its inodes: count its links. */
interface TmpfsInode {
    /** The inode itself. */
    Inode inode();

    /** Its attributes. */
    NodeAttributes attributes();

    /** A name of it is gone. */
    default void removeLink() {
        attributes().addLinks(-1);
    }
}
