package dev.plinth.kernel.fs.sysfs;

import dev.plinth.kernel.fs.pseudofs.PseudoDirectory;
import dev.plinth.kernel.fs.pseudofs.PseudoFs;
import dev.plinth.kernel.fs.pseudofs.PseudoTree;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Timestamps;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.SysFsState;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.linux.Fs;

import java.time.Instant;
import java.util.function.Consumer;
import java.util.function.Supplier;

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
        this(numbers.nextDevice(), numbers, time, () -> machine);
    }

    private SysFs(
            DeviceNumber device,
            InodeNumbers numbers,
            Instant time,
            Supplier<? extends MachineView> machine) {
        super("sysfs", device, Fs.SYSFS_MAGIC, numbers, time, PAGE_BYTES, PAGE_BYTES);
        root =
                PseudoTree.lazily(
                        this,
                        tree -> {
                            new ProcessorFiles(machine.get()).addTo(tree);
                            new MachineFiles(machine.get()).addTo(tree);
                        });
    }

    /**
     * Makes the file system again that was saved.
     *
     * @param machine what is shown
     * @param owner closes it in the end
     */
    public static void restoring(
            Restorers restorers,
            Supplier<? extends MachineView> machine,
            Consumer<FileSystem> owner) {
        restorers.add(
                KindCase.SYS_FS,
                (object, reader) -> {
                    InodeNumbers numbers = InodeNumbers.of(reader);
                    SysFs fileSystem =
                            new SysFs(
                                    numbers.requireGivenDevice(object.getSysFs().getDevice()),
                                    numbers,
                                    Timestamps.restore(object.getSysFs().getTime()),
                                    machine);
                    owner.accept(fileSystem);
                    reader.later(() ->
                            fileSystem.restoreInodes(object.getSysFs().getInodesList(), reader));
                    return fileSystem;
                });
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setSysFs(
                        SysFsState.newBuilder()
                                .setDevice(device().encode())
                                .setTime(Timestamps.save(time()))
                                .addAllInodes(saveInodes()));
    }

    @Override
    public Directory root() {
        return root;
    }
}
