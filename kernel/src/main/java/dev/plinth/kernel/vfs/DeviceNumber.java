package dev.plinth.kernel.vfs;

/**
 * The number of a device, or of a file system.
 *
 * @param major names the driver
 * @param minor names the device to the driver
 */
public record DeviceNumber(int major, int minor) {
    /** What {@code st_rdev} is of a file that is no device. */
    public static final DeviceNumber NONE = new DeviceNumber(0, 0);

    /** The device of a number as in {@code struct stat}; see makedev(3). */
    public static DeviceNumber decode(long number) {
        return new DeviceNumber(
                (int) ((number >>> 8 & 0xFFF) | (number >>> 32 & 0xFFFF_F000)),
                (int) ((number & 0xFF) | (number >>> 12 & 0xFFFF_FF00)));
    }

    /** The number as in {@code struct stat}; see makedev(3). */
    public long encode() {
        return (minor & 0xFFL)
                | (major & 0xFFFL) << 8
                | (minor & 0xFFFF_FF00L) << 12
                | (major & 0xFFFF_F000L) << 32;
    }

    // Written out: those of a record are linked when they are first used, which takes a
    // millisecond.
    @Override
    public boolean equals(Object other) {
        return other instanceof DeviceNumber number
                && major == number.major
                && minor == number.minor;
    }

    @Override
    public int hashCode() {
        return 31 * major + minor;
    }

    @Override
    public String toString() {
        return major + ":" + minor;
    }
}
