package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.Stateful;

import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A file system: a tree of inodes with one device number. Linux calls it a superblock.
 *
 * <p>It may be mounted at several places, or at none.
 */
public abstract class FileSystem implements AutoCloseable, Stateful {
    private final String type;
    private final DeviceNumber device;

    /** Guards which names the directories have. */
    private final ReadWriteLock treeLock = new ReentrantReadWriteLock();

    /**
     * A file system.
     *
     * @param type its name in /proc/filesystems, such as {@code tmpfs}
     * @param device its number, no other file system's
     */
    protected FileSystem(String type, DeviceNumber device) {
        this.type = requireNonNull(type, "type is null");
        this.device = requireNonNull(device, "device is null");
    }

    /** Its name in /proc/filesystems. */
    public final String type() {
        return type;
    }

    /** Its number: {@code st_dev}. */
    public final DeviceNumber device() {
        return device;
    }

    /** The root directory. */
    public abstract Directory root();

    /** What statfs(2) shows. */
    public abstract FileSystemStat stat();

    /** Whether nothing on it can be changed, however it is mounted. */
    public boolean isReadOnly() {
        return false;
    }

    /** Writes to disk what is not there yet, as syncfs(2). */
    public void sync() {}

    /** Gives up what the file system holds. Nothing of it is open or mapped any more. */
    @Override
    public void close() {}

    /**
     * Guards which names the directories have: held for reading to look names up, for writing to
     * change them. See the package's lock order.
     */
    protected final ReadWriteLock treeLock() {
        return treeLock;
    }
}
