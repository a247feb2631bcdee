package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.PseudoFs;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.linux.Fs;

import java.time.Instant;
import java.util.Optional;

/** The file system of /proc. */
public final class ProcFs extends PseudoFs {
    private static final int BLOCK_BYTES = 1024;

    private final ProcessListDirectory root;

    /**
     * A file system over what is shown.
     *
     * @param numbers gives numbers to the file system and to its inodes
     * @param system what is shown
     */
    public ProcFs(InodeNumbers numbers, SystemView system) {
        super(
                "proc",
                Fs.PROC_SUPER_MAGIC,
                numbers,
                Instant.ofEpochSecond(system.bootTime()),
                0,
                BLOCK_BYTES);
        this.root = new ProcessListDirectory(this, system);
    }

    @Override
    public Directory root() {
        return root;
    }

    /** Whoever tries to make a file learns that there is none, as in Linux. */
    @Override
    public Optional<Inode> missing() {
        throw ErrnoException.of(Errno.ENOENT);
    }
}
