package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;

import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * The devices of the sandbox, by type and number.
 *
 * <p>A device file is no more than such a number, wherever it lies: one in a directory of the host
 * opens the sandbox's device of that number, never the host's. FIFOs are opened the same way, all
 * by one that has {@link DeviceNumber#NONE}.
 */
@NotSaved("every sandbox has the same devices")
public final class DeviceRegistry {
    private final ConcurrentMap<Key, Device> devices = new ConcurrentHashMap<>();

    private record Key(FileType type, DeviceNumber number) {
        // Written out: those of a record are linked when they are first used, which takes a
        // millisecond.
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && type == key.type && number.equals(key.number);
        }

        @Override
        public int hashCode() {
            return 31 * type.hashCode() + number.hashCode();
        }
    }

    /** A device. */
    @FunctionalInterface
    public interface Device {
        /**
         * Opens the device; never blocks.
         *
         * @param location the device file that was opened
         * @param flags of open(2)
         * @param caller who opens it
         * @return a description with one reference, the caller's
         */
        FileDescription open(Location location, int flags, Caller caller);
    }

    /**
     * Adds a device.
     *
     * @throws IllegalArgumentException if there is one of that number
     */
    public void register(FileType type, DeviceNumber number, Device device) {
        requireNonNull(device, "device is null");
        if (devices.putIfAbsent(new Key(type, number), device) != null) {
            throw new IllegalArgumentException("device registered twice: " + type + " " + number);
        }
    }

    /** The device of a number. */
    public Optional<Device> find(FileType type, DeviceNumber number) {
        return Optional.ofNullable(devices.get(new Key(type, number)));
    }
}
