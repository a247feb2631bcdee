package dev.plinth.kernel.fd;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.HostInodeState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * The file behind a descriptor that the host gave: with the host's attributes, and a number of the
 * sandbox's.
 *
 * <p>Lasting state: the number, and the roles by which the file was given. After a restore it is
 * whatever file is given by them then.
 */
final class HostInode extends Inode {
    private final HostFiles files;
    private final DeviceNumber deviceId;
    private final List<FdRole> roles;
    private final ForegroundGroup terminal;

    private final Object openLock = new Object();

    /** The open descriptions, by whose descriptors the host is asked. */
    @GuardedBy("openLock")
    private final List<HostFileDescription> open = new ArrayList<>(3);

    /**
     * A file of the host.
     *
     * @param roles by which it was given, one at least
     * @param terminal whose turn it is there, if it is a terminal
     */
    HostInode(
            AnonymousFs fileSystem,
            HostFiles files,
            FileStat stat,
            long number,
            List<FdRole> roles,
            ForegroundGroup terminal) {
        super(fileSystem, number, stat.type());
        this.files = requireNonNull(files, "files is null");
        this.deviceId = stat.deviceId();
        this.roles = List.copyOf(roles);
        this.terminal = requireNonNull(terminal, "terminal is null");
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        List<FdRole> needed = neededRoles();
        needed.forEach(writer::role);
        return ObjectState.newBuilder()
                .setHostInode(
                        HostInodeState.newBuilder()
                                .setHostFilesRef(writer.reference(files))
                                .setFileSystemRef(writer.reference(fileSystem()))
                                .setNumber(number())
                                .addAllRoles(needed.stream().map(FdRole::name).toList()));
    }

    /** Those whose open files are still there; any one, if there are only files opened from it. */
    @SuppressWarnings("GuardedBy") // The world is stopped.
    private List<FdRole> neededRoles() {
        List<FdRole> needed =
                open.stream()
                        .flatMap(file -> file.roles().stream())
                        .sorted(Comparator.comparing(FdRole::name))
                        .toList();
        return needed.isEmpty() ? roles.subList(0, 1) : needed;
    }

    HostFiles files() {
        return files;
    }

    /** Whose turn it is there, if it is a terminal. */
    ForegroundGroup terminal() {
        return terminal;
    }

    FdRole firstRole() {
        return roles.getFirst();
    }

    boolean isGivenBy(FdRole role) {
        return roles.contains(role);
    }

    /** A description has a descriptor of the file. */
    void addOpen(HostFileDescription file) {
        synchronized (openLock) {
            open.add(file);
        }
    }

    /** A description is about to close its descriptor. */
    void removeOpen(HostFileDescription file) {
        synchronized (openLock) {
            open.remove(file);
        }
    }

    private <T> T withDescriptor(Function<HostFd, T> action) {
        synchronized (openLock) {
            if (open.isEmpty()) {
                throw ErrnoException.of(Errno.EBADF);
            }
            return action.apply(open.getFirst().fd());
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

    /** Whether somebody has it open. */
    boolean isOpen() {
        synchronized (openLock) {
            return !open.isEmpty();
        }
    }

    /** Whether it is a terminal that somebody has open. */
    boolean isOpenTerminal() {
        synchronized (openLock) {
            return open.stream().anyMatch(HostFileDescription::isTerminal);
        }
    }

    /** Opens the file once more, as by way of /dev/stdin. */
    @Override
    public FileDescription open(Location location, int flags) {
        return withDescriptor(fd -> files.reopen(location, flags, fd, this));
    }
}
