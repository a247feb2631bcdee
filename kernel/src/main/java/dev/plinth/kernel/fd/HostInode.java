package dev.plinth.kernel.fd;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The file behind a descriptor that the host gave: with the host's attributes, and a number of the
 * sandbox's.
 */
final class HostInode extends Inode {
    private final HostFiles files;
    private final DeviceNumber deviceId;

    private final Object openLock = new Object();

    /** Descriptors of the open descriptions, by which the host is asked. */
    @GuardedBy("openLock")
    private final List<HostFd> open = new ArrayList<>(3);

    /** A file of the host. */
    HostInode(AnonymousFs fileSystem, HostFiles files, FileStat stat, long number) {
        super(fileSystem, number, stat.type());
        this.files = requireNonNull(files, "files is null");
        this.deviceId = stat.deviceId();
    }

    /** A description has a descriptor of the file. */
    void addOpen(HostFd fd) {
        synchronized (openLock) {
            open.add(fd);
        }
    }

    /** A description is about to close its descriptor. */
    void removeOpen(HostFd fd) {
        synchronized (openLock) {
            open.remove(fd);
        }
    }

    private <T> T withDescriptor(Function<HostFd, T> action) {
        synchronized (openLock) {
            if (open.isEmpty()) {
                throw ErrnoException.of(Errno.EBADF);
            }
            return action.apply(open.getFirst());
        }
    }

    @Override
    public FileStat stat() {
        return withDescriptor(files.calls()::attributes).toGuest(fileSystem().device(), number());
    }

    @Override
    public Ownership ownership() {
        return withDescriptor(files.calls()::attributes).ownership();
    }

    @Override
    public DeviceNumber deviceId() {
        return deviceId;
    }

    /** Opens the file once more, as by way of /dev/stdin. */
    @Override
    public FileDescription open(Location location, int flags) {
        return withDescriptor(fd -> files.reopen(location, flags, fd, this));
    }
}
