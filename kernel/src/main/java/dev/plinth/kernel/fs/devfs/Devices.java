package dev.plinth.kernel.fs.devfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.DeviceRegistry;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/** The devices that every sandbox has, with Linux' numbers (admin-guide/devices.rst). */
public final class Devices {
    static final DeviceNumber NULL = new DeviceNumber(1, 3);
    static final DeviceNumber ZERO = new DeviceNumber(1, 5);
    static final DeviceNumber FULL = new DeviceNumber(1, 7);
    static final DeviceNumber RANDOM = new DeviceNumber(1, 8);
    static final DeviceNumber URANDOM = new DeviceNumber(1, 9);
    static final DeviceNumber TTY = new DeviceNumber(5, 0);

    private Devices() {}

    /**
     * Adds the devices.
     *
     * @param random fills memory with random bytes
     * @param terminal the file of a caller's terminal; empty if it has none
     */
    public static void register(
            DeviceRegistry registry,
            Consumer<MemorySegment> random,
            Function<Caller, Optional<Inode>> terminal) {
        requireNonNull(random, "random is null");
        requireNonNull(terminal, "terminal is null");
        add(registry, NULL, (location, flags, caller) -> new NullDevice(location, flags));
        add(registry, ZERO, (location, flags, caller) -> new ZeroDevice(location, flags));
        add(registry, FULL, (location, flags, caller) -> new FullDevice(location, flags));
        DeviceRegistry.Device randomDevice =
                (location, flags, caller) -> new RandomDevice(location, flags, random);
        add(registry, RANDOM, randomDevice);
        add(registry, URANDOM, randomDevice);
        add(
                registry,
                TTY,
                (location, flags, caller) -> openTerminal(terminal.apply(caller), location, flags));
    }

    /**
     * Opens devices again that were open.
     *
     * @param random fills memory with random bytes
     */
    public static void restoring(Restorers restorers, Consumer<MemorySegment> random) {
        requireNonNull(random, "random is null");
        restorers.add(
                KindCase.DEVICE_DESCRIPTION,
                (object, reader) -> {
                    OpenFileState state = object.getDeviceDescription().getFile();
                    Location location = Location.restore(state.getLocation(), reader);
                    MemoryDevice device = open(location, state.getFlags(), random);
                    device.restoreOpenFile(state, reader);
                    return device;
                });
    }

    private static MemoryDevice open(Location location, int flags, Consumer<MemorySegment> random) {
        DeviceNumber number = location.inode().deviceId();
        if (number.equals(NULL)) {
            return new NullDevice(location, flags);
        }
        if (number.equals(ZERO)) {
            return new ZeroDevice(location, flags);
        }
        if (number.equals(FULL)) {
            return new FullDevice(location, flags);
        }
        if (number.equals(RANDOM) || number.equals(URANDOM)) {
            return new RandomDevice(location, flags, random);
        }
        throw StateReader.corrupt("there is no device " + number);
    }

    private static void add(
            DeviceRegistry registry, DeviceNumber number, DeviceRegistry.Device device) {
        registry.register(FileType.CHARACTER_DEVICE, number, device);
    }

    /** The terminal of the session; ENXIO without one, as in drivers/tty/tty_io.c. */
    private static FileDescription openTerminal(
            Optional<Inode> terminal, Location location, int flags) {
        return terminal.orElseThrow(() -> ErrnoException.of(Errno.ENXIO)).open(location, flags);
    }

    /** Always empty; takes everything. */
    private static final class NullDevice extends MemoryDevice {
        NullDevice(Location location, int flags) {
            super(location, flags);
        }

        @Override
        public long read(IoBuffer destination) {
            return 0;
        }
    }

    /** Zeros without end; takes everything. */
    private static final class ZeroDevice extends MemoryDevice {
        ZeroDevice(Location location, int flags) {
            super(location, flags);
        }

        @Override
        public long read(IoBuffer destination) {
            return readZeros(destination);
        }
    }

    /** Zeros without end; takes nothing. */
    private static final class FullDevice extends MemoryDevice {
        FullDevice(Location location, int flags) {
            super(location, flags);
        }

        @Override
        public long read(IoBuffer destination) {
            return readZeros(destination);
        }

        @Override
        public long write(IoBuffer source) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
    }

    /** Random bytes without end; what is written is not needed. */
    private static final class RandomDevice extends MemoryDevice {
        private final Consumer<MemorySegment> random;

        RandomDevice(Location location, int flags, Consumer<MemorySegment> random) {
            super(location, flags);
            this.random = random;
        }

        @Override
        public long read(IoBuffer destination) {
            return destination.transfer(piece -> {
                random.accept(piece);
                return piece.byteSize();
            });
        }
    }
}
