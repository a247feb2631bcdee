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
    private static final long FIRST_INODE = 1;
    private static final int FIRST_DEVICE_MINOR = 20;

    private final AtomicLong nextInode = new AtomicLong(FIRST_INODE);
    private final AtomicInteger nextDeviceMinor = new AtomicInteger(FIRST_DEVICE_MINOR);
    private final ConcurrentMap<HostFileId, Long> ofHostFiles = new ConcurrentHashMap<>();

    /**
     * Which file of the host it is.
     *
     * @param device as in the host's {@code st_dev}, encoded
     * @param inode as in the host's {@code st_ino}
     */
    public record HostFileId(long device, long inode) {}

    /** A number for a new inode. */
    public long next() {
        return nextInode.getAndIncrement();
    }

    /** The number of a file of the host: the same for the same file, a new one at first sight. */
    public long ofHostFile(HostFileId file) {
        Long known = ofHostFiles.get(file);
        return known != null ? known : ofHostFiles.computeIfAbsent(file, key -> next());
    }

    /** A device number for a new file system: major 0, as Linux gives to those without a device. */
    public DeviceNumber nextDevice() {
        return new DeviceNumber(0, nextDeviceMinor.getAndIncrement());
    }
}
