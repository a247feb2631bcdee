package dev.plinth.kernel.fs.sysfs;

import dev.plinth.kernel.fs.pseudofs.PseudoDirectory;
import dev.plinth.kernel.fs.pseudofs.PseudoFs;
import dev.plinth.kernel.fs.pseudofs.PseudoTree;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.linux.Fs;

import java.time.Instant;

/** The file system of /sys. */
public final class SysFs extends PseudoFs {
    private static final int PAGE_BYTES = 4096;

    private final PseudoDirectory root;

    /**
     * A file system over what is shown.
     *
     * @param numbers gives numbers to the file system and to its inodes
     * @param time of every file
     * @param machine what is shown
     */
    public SysFs(InodeNumbers numbers, Instant time, MachineView machine) {
        super("sysfs", Fs.SYSFS_MAGIC, numbers, time, PAGE_BYTES, PAGE_BYTES);
        root =
                PseudoTree.lazily(
                        this,
                        tree -> {
                            new ProcessorFiles(machine).addTo(tree);
                            new MachineFiles(machine).addTo(tree);
                        });
    }

    @Override
    public Directory root() {
        return root;
    }
}
