package dev.plinth.kernel.fs.devfs;

import dev.plinth.kernel.fd.HostFiles;
import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.DeviceRegistry;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;
import java.util.Map;

/**
 * Makes /dev: the devices that every program may count on, and the links that lead to its own
 * descriptors.
 */
public final class DevFs {
    private static final NewNode FOR_ALL = new NewNode(0666, 0, 0);
    private static final NewNode FOR_ROOT = new NewNode(0600, 0, 0);
    private static final NewNode LINK = new NewNode(0777, 0, 0);
    private static final NewNode DIRECTORY = new NewNode(0755, 0, 0);
    private static final NewNode SHARED_DIRECTORY = new NewNode(01777, 0, 0);

    /** Numbers as in Documentation/admin-guide/devices.txt. */
    private static final int MEMORY_MAJOR = 1;

    private static final DeviceNumber NULL = new DeviceNumber(MEMORY_MAJOR, 3);
    private static final DeviceNumber ZERO = new DeviceNumber(MEMORY_MAJOR, 5);
    private static final DeviceNumber FULL = new DeviceNumber(MEMORY_MAJOR, 7);
    private static final DeviceNumber RANDOM = new DeviceNumber(MEMORY_MAJOR, 8);
    private static final DeviceNumber URANDOM = new DeviceNumber(MEMORY_MAJOR, 9);
    private static final DeviceNumber TTY = new DeviceNumber(5, 0);
    private static final DeviceNumber CONSOLE = new DeviceNumber(5, 1);

    private static final Map<String, String> LINKS =
            Map.of(
                    "fd", "/proc/self/fd",
                    "stdin", "/proc/self/fd/0",
                    "stdout", "/proc/self/fd/1",
                    "stderr", "/proc/self/fd/2");

    private DevFs() {}

    /**
     * Makes a file system with the devices, and has the registry know them.
     *
     * @param memory holds what is written there besides; borrowed
     * @param limitBytes how much of that there may be
     * @param random for /dev/random and /dev/urandom
     * @param hostFiles has the terminal that /dev/tty stands for, if there is one
     * @return the file system; the caller owns it
     */
    public static FileSystem create(
            InodeNumbers numbers,
            MemoryFile memory,
            Clock clock,
            long limitBytes,
            DeviceRegistry devices,
            RandomBytes random,
            HostFiles hostFiles) {
        TmpFs fileSystem = new TmpFs("devtmpfs", numbers, memory, clock, limitBytes, DIRECTORY);
        Directory root = fileSystem.root();
        LINKS.forEach(
                (name, target) -> root.makeSymlink(PathName.of(name), PathName.of(target), LINK));
        root.makeDirectory(PathName.of("pts"), DIRECTORY);
        root.makeDirectory(PathName.of("shm"), SHARED_DIRECTORY);
        Maker maker = new Maker(root, devices);
        maker.make("null", NULL, FOR_ALL, memory(MemoryDevice.Kind.NULL, fileSystem));
        maker.make("zero", ZERO, FOR_ALL, memory(MemoryDevice.Kind.ZERO, fileSystem));
        maker.make("full", FULL, FOR_ALL, memory(MemoryDevice.Kind.FULL, fileSystem));
        DeviceRegistry.Device randomDevice =
                (location, flags, caller) -> new RandomDevice(location, flags, random);
        maker.make("random", RANDOM, FOR_ALL, randomDevice);
        maker.make("urandom", URANDOM, FOR_ALL, randomDevice);
        DeviceRegistry.Device terminal =
                (location, flags, caller) -> hostFiles.openTerminal(location, flags);
        maker.make("tty", TTY, FOR_ALL, terminal);
        maker.make("console", CONSOLE, FOR_ROOT, terminal);
        return fileSystem;
    }

    private static DeviceRegistry.Device memory(MemoryDevice.Kind kind, TmpFs fileSystem) {
        return (location, flags, caller) -> new MemoryDevice(location, flags, kind, fileSystem);
    }

    /** Makes device files, and has the devices registered. */
    private record Maker(Directory root, DeviceRegistry devices) {
        void make(String name, DeviceNumber number, NewNode node, DeviceRegistry.Device device) {
            root.makeNode(PathName.of(name), FileType.CHARACTER_DEVICE, number, node);
            devices.register(FileType.CHARACTER_DEVICE, number, device);
        }
    }
}
