package dev.plinth.kernel.fs.devfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.Vfs;
import dev.plinth.kernel.vfs.linux.Stat;

/** Makes the files of /dev. */
public final class DeviceFiles {
    private static final int ALL_MAY_READ_AND_WRITE = Stat.S_IFCHR | 0666;
    private static final int DIRECTORY = 0755;
    private static final int SHARED_DIRECTORY = 01777;

    private final Vfs vfs;
    private final Caller caller;
    private final Location directory;

    private DeviceFiles(Vfs vfs, Caller caller, Location directory) {
        this.vfs = requireNonNull(vfs, "vfs is null");
        this.caller = requireNonNull(caller, "caller is null");
        this.directory = requireNonNull(directory, "directory is null");
    }

    /**
     * Makes the files in an empty directory.
     *
     * @param caller may make device files, and has no umask
     */
    public static void make(Vfs vfs, Caller caller, Location directory) {
        DeviceFiles files = new DeviceFiles(vfs, caller, directory);
        files.device("null", Devices.NULL);
        files.device("zero", Devices.ZERO);
        files.device("full", Devices.FULL);
        files.device("random", Devices.RANDOM);
        files.device("urandom", Devices.URANDOM);
        files.device("tty", Devices.TTY);
        files.link("fd", "/proc/self/fd");
        files.link("stdin", "/proc/self/fd/0");
        files.link("stdout", "/proc/self/fd/1");
        files.link("stderr", "/proc/self/fd/2");
        vfs.makeDirectory(caller, directory, PathName.of("pts"), DIRECTORY);
        vfs.makeDirectory(caller, directory, PathName.of("shm"), SHARED_DIRECTORY);
    }

    private void device(String name, DeviceNumber number) {
        vfs.makeNode(caller, directory, PathName.of(name), ALL_MAY_READ_AND_WRITE, number);
    }

    private void link(String name, String target) {
        vfs.makeSymlink(caller, PathName.of(target), directory, PathName.of(name));
    }
}
