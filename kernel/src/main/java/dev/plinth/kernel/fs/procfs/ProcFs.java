package dev.plinth.kernel.fs.procfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.linux.Fs;

import java.time.Instant;

/** The file system of /proc. */
public final class ProcFs extends FileSystem {
    private final InodeNumbers numbers;
    private final Instant time;
    private final ProcessListDirectory root;

    /**
     * A file system over what is shown.
     *
     * @param numbers gives numbers to the file system and to its inodes
     * @param system what is shown
     */
    public ProcFs(InodeNumbers numbers, SystemView system) {
        super("proc", numbers.nextDevice());
        this.numbers = requireNonNull(numbers, "numbers is null");
        this.time = Instant.ofEpochSecond(system.bootTime());
        this.root = new ProcessListDirectory(this, system);
    }

    @Override
    public Directory root() {
        return root;
    }

    @Override
    public FileSystemStat stat() {
        return FileSystemStat.virtual(Fs.PROC_SUPER_MAGIC);
    }

    long nextNumber() {
        return numbers.next();
    }

    /** The time of every file. */
    Instant time() {
        return time;
    }
}
