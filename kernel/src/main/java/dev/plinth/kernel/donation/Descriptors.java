package dev.plinth.kernel.donation;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** What donations ask of the host about descriptors. Any thread may call any method. */
final class Descriptors {
    private static final Logger log = LoggerFactory.getLogger(Descriptors.class);

    private static final long SYS_STAT = 4;
    private static final long SYS_FSTAT = 5;
    private static final long SYS_FCNTL = 72;
    private static final long SYS_OPENAT = 257;
    private static final long SYS_DUP3 = 292;

    private static final long F_GETFD = 1;
    private static final long F_SETFD = 2;
    private static final long F_GETFL = 3;
    private static final long F_DUPFD_CLOEXEC = 1030;
    private static final long FD_CLOEXEC = 1;
    private static final long O_RDWR = 2;
    private static final long O_ACCMODE = 3;
    private static final long O_CLOEXEC = 0x80000;
    private static final long AT_FDCWD = -100;

    /** {@code struct stat} of x86-64, asm/stat.h. */
    private static final long STAT_BYTES = 144;

    private static final long STAT_MODE = 24;
    private static final long STAT_RDEV = 40;

    private final HostKernel host;

    Descriptors(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    /**
     * What stat(2) tells of the kind of a file.
     *
     * @param mode {@code st_mode}
     * @param device {@code st_rdev}
     */
    record Kind(int mode, long device) {
        private static final int S_IFMT = 0170000;

        boolean isCharacterDevice() {
            return (mode & S_IFMT) == 0020000;
        }

        boolean isSocket() {
            return (mode & S_IFMT) == 0140000;
        }

        boolean isPipe() {
            return (mode & S_IFMT) == 0010000;
        }
    }

    boolean isOpen(int number) {
        return !Errno.isError(host.syscall(SYS_FCNTL, number, F_GETFD));
    }

    /** What a descriptor is open to; empty if it is closed. */
    Optional<Kind> kindOf(int number) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(STAT_BYTES, Long.BYTES);
            return kind(host.syscall(SYS_FSTAT, number, stat.address()), stat);
        }
    }

    /** What a path leads to; empty if it cannot be seen. */
    Optional<Kind> kindOf(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(STAT_BYTES, Long.BYTES);
            long name = arena.allocateFrom(path).address();
            return kind(host.syscall(SYS_STAT, name, stat.address()), stat);
        }
    }

    private static Optional<Kind> kind(long result, MemorySegment stat) {
        if (Errno.isError(result)) {
            return Optional.empty();
        }
        return Optional.of(
                new Kind(
                        stat.get(ValueLayout.JAVA_INT, STAT_MODE),
                        stat.get(ValueLayout.JAVA_LONG, STAT_RDEV)));
    }

    /** Whether a descriptor that is open lets one write. */
    boolean isWritable(int number) {
        return (host.require("fcntl(F_GETFL)", SYS_FCNTL, number, F_GETFL) & O_ACCMODE) != 0;
    }

    /** Lets no further program inherit a descriptor. */
    void closeOnExec(int number) {
        host.require("fcntl(F_SETFD)", SYS_FCNTL, number, F_SETFD, FD_CLOEXEC);
    }

    /** One more descriptor of an open file, at any number above stdio; the caller owns it. */
    HostFd duplicate(int number) {
        long copy = host.require("fcntl(F_DUPFD)", SYS_FCNTL, number, F_DUPFD_CLOEXEC, 3);
        return new HostFd(host, (int) copy);
    }

    /** One more descriptor of an open file, at a number that is free; the caller owns it. */
    HostFd duplicateTo(FdRole role, int from, int number) {
        long result = host.syscall(SYS_DUP3, from, number, O_CLOEXEC);
        if (Errno.isError(result)) {
            throw HostCallException.ofResult(
                    "dup3(" + role + ")", new long[] {from, number, O_CLOEXEC}, result);
        }
        return new HostFd(host, number);
    }

    /** Takes ownership of a number. */
    HostFd own(int number) {
        return new HostFd(host, number);
    }

    /**
     * Opens a device.
     *
     * @return the device, the caller's; empty if it is an optional one that cannot be opened
     * @throws SandboxException if it is required and cannot be opened
     */
    Optional<HostFd> open(DeviceDeclaration device) {
        long flags = O_CLOEXEC;
        if (device.openMode() == DeviceDeclaration.OpenMode.READ_WRITE) {
            flags |= O_RDWR;
        }
        long result = open(device.path(), flags);
        if (!Errno.isError(result)) {
            return Optional.of(own((int) result));
        }
        if (device.required()) {
            throw new SandboxException(
                    ErrorCode.DEVICE_UNUSABLE,
                    "%s cannot be opened: %s".formatted(device.path(), Errno.nameOf(result)),
                    "choose a platform that does not need it with --platform");
        }
        log.debug("not donating {}: {}", device.role(), Errno.nameOf(result));
        return Optional.empty();
    }

    /** {@code /dev/null}, for reading and writing; the caller owns it. */
    HostFd openNull() {
        long result = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (Errno.isError(result)) {
            throw HostCallException.ofResult("open(/dev/null)", new long[0], result);
        }
        return own((int) result);
    }

    private long open(String file, long flags) {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(file).address();
            return host.syscall(SYS_OPENAT, AT_FDCWD, path, flags, 0);
        }
    }
}
