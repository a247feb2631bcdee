package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;

import java.time.Instant;

/**
 * Who owns a file of /proc, and who may read it.
 *
 * @param permissions as chmod(2) sets them
 * @param uid of the owner
 * @param gid of the group
 */
record ProcNode(int permissions, int uid, int gid) {
    static final ProcNode ROOT_DIRECTORY = new ProcNode(0555, 0, 0);
    static final ProcNode ROOT_FILE = new ProcNode(0444, 0, 0);
    static final ProcNode ROOT_LINK = new ProcNode(0777, 0, 0);

    private static final int BLOCK_BYTES = 1024;

    Inode.Ownership ownership() {
        return new Inode.Ownership(permissions, uid, gid);
    }

    /** What stat(2) shows of an inode that this belongs to; every file is empty. */
    FileStat stat(ProcFs fileSystem, long number, FileType type, int links) {
        Instant time = fileSystem.time();
        return new FileStat(
                fileSystem.device(),
                number,
                type,
                permissions,
                links,
                uid,
                gid,
                DeviceNumber.NONE,
                0,
                BLOCK_BYTES,
                0,
                time,
                time,
                time,
                Instant.EPOCH);
    }
}
