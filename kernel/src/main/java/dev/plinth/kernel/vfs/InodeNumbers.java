package dev.plinth.kernel.vfs;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gives numbers to inodes and to file systems: one object for the whole sandbox.
 *
 * <p>No inode number is given twice in a sandbox, whatever the file system, so that a file can keep
 * its number when an overlay copies it from one file system to another. A file of the host has a
 * number of the sandbox's too, bound to its (device, inode) there at first sight; only this map
 * knows the host's numbers, so that a checkpoint can bind the sandbox's numbers anew.
 */
public final class InodeNumbers {
    /** Says that it is not known which of several files with one number on the host it is. */
    public static final long ANY_GENERATION = 0;

    private static final long FIRST_INODE = 1;
    private static final int FIRST_DEVICE_MINOR = 20;

    private final AtomicLong nextInode = new AtomicLong(FIRST_INODE);
    private final AtomicInteger nextDeviceMinor = new AtomicInteger(FIRST_DEVICE_MINOR);
    private final ConcurrentMap<HostFileId, Binding> ofHostFiles = new ConcurrentHashMap<>();

    private record Binding(long number, long generation) {}

    /**
     * Which file of the host it is.
     *
     * @param device as in the host's {@code st_dev}, encoded
     * @param inode as in the host's {@code st_ino}
     */
    public record HostFileId(long device, long inode) {
        // Written out: those of a record are linked when they are first used, which takes a
        // millisecond.
        @Override
        public boolean equals(Object other) {
            return other instanceof HostFileId id && device == id.device && inode == id.inode;
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(device) + Long.hashCode(inode);
        }
    }

    /** A number for a new inode. */
    public long next() {
        return nextInode.getAndIncrement();
    }

    /** The number of a file of the host: the same for the same file, a new one at first sight. */
    public long ofHostFile(HostFileId file) {
        return ofHostFile(file, ANY_GENERATION);
    }

    /**
     * The number of a file of the host: the same for the same file, a new one at first sight, or if
     * the host has given its number there to another file.
     *
     * @param generation tells files apart that had the same number one after the other; {@link
     *     #ANY_GENERATION} if it is not known
     */
    public long ofHostFile(HostFileId file, long generation) {
        Binding known = ofHostFiles.get(file);
        if (known != null && (generation == ANY_GENERATION || generation == known.generation)) {
            return known.number;
        }
        return ofHostFiles.compute(file, (key, old) -> bind(old, generation)).number;
    }

    private Binding bind(Binding old, long generation) {
        if (old == null) {
            return new Binding(next(), generation);
        }
        if (generation == ANY_GENERATION || generation == old.generation) {
            return old;
        }
        boolean unknown = old.generation == ANY_GENERATION;
        return new Binding(unknown ? old.number : next(), generation);
    }

    /** A device number for a new file system: major 0, as Linux gives to those without a device. */
    public DeviceNumber nextDevice() {
        return new DeviceNumber(0, nextDeviceMinor.getAndIncrement());
    }
}
