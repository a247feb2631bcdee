package dev.plinth.cli.checkpoint;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ServiceLoader;

/** Opens what a launcher may give to a sandbox, which Java cannot: terminals, pipes, sockets. */
final class HostOpener {
    static final long O_RDONLY = 0;
    static final long O_WRONLY = 1;
    static final long O_RDWR = 2;
    static final long O_CREAT = 0100;

    private static final long SYS_READ = 0;
    private static final long SYS_WRITE = 1;
    private static final long SYS_IOCTL = 16;
    private static final long SYS_SOCKETPAIR = 53;
    private static final long SYS_FCNTL = 72;
    private static final long SYS_OPENAT = 257;
    private static final long SYS_PIPE2 = 293;

    private static final long F_SETFL = 4;
    private static final long F_DUPFD_CLOEXEC = 1030;
    private static final long O_NOCTTY = 0400;
    private static final long O_NONBLOCK = 04000;
    private static final long O_CLOEXEC = 02000000;
    private static final long AT_FDCWD = -100;
    private static final long AF_UNIX = 1;
    private static final long SOCK_STREAM = 1;
    private static final long TCGETS = 0x5401;
    private static final long TCSETS = 0x5402;
    private static final long TIOCSPTLCK = 0x40045431;
    private static final long TIOCGPTPEER = 0x5441;

    /** struct termios of the kernel: four words of flags first, the third those of the line. */
    private static final long TERMIOS_BYTES = 36;

    private static final int BUFFER_BYTES = 1 << 16;

    private final HostKernel host;

    /** Two ends of something; the caller owns both. */
    record Ends(HostFd inner, HostFd outer) {}

    HostOpener() {
        this.host = ServiceLoader.load(HostKernel.class).findFirst().orElseThrow();
    }

    HostKernel host() {
        return host;
    }

    HostFd open(Path file, long flags) {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(file.toString()).address();
            long opened =
                    host.require(
                            "open(" + file + ")",
                            SYS_OPENAT,
                            AT_FDCWD,
                            path,
                            flags | O_NOCTTY | O_CLOEXEC,
                            0600);
            return fd(opened);
        }
    }

    /** One more descriptor of the same open file. */
    HostFd duplicate(HostFd fd) {
        return fd(host.require("dup", SYS_FCNTL, fd.number(), F_DUPFD_CLOEXEC, 10));
    }

    /** A pipe that the inner end reads, or writes. */
    Ends pipe(boolean innerReads) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
            host.require("pipe2", SYS_PIPE2, pair.address(), O_CLOEXEC);
            HostFd read = fd(pair.getAtIndex(ValueLayout.JAVA_INT, 0));
            HostFd write = fd(pair.getAtIndex(ValueLayout.JAVA_INT, 1));
            return innerReads ? new Ends(read, write) : new Ends(write, read);
        }
    }

    Ends socketPair() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(ValueLayout.JAVA_INT, 2);
            host.require(
                    "socketpair",
                    SYS_SOCKETPAIR,
                    AF_UNIX,
                    SOCK_STREAM | O_CLOEXEC,
                    0,
                    pair.address());
            return new Ends(
                    fd(pair.getAtIndex(ValueLayout.JAVA_INT, 0)),
                    fd(pair.getAtIndex(ValueLayout.JAVA_INT, 1)));
        }
    }

    /** A terminal that changes nothing of what goes through it; its outer end is the master. */
    Ends terminal() {
        try (Arena arena = Arena.ofConfined()) {
            HostFd master = open(Path.of("/dev/ptmx"), O_RDWR);
            MemorySegment unlocked = arena.allocate(ValueLayout.JAVA_INT);
            ioctl(master, TIOCSPTLCK, unlocked.address());
            HostFd slave = fd(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
            MemorySegment termios = arena.allocate(TERMIOS_BYTES, Integer.BYTES);
            ioctl(slave, TCGETS, termios.address());
            // cfmakeraw(3), roughly: no flags for input, output and line.
            termios.setAtIndex(ValueLayout.JAVA_INT, 0, 0);
            termios.setAtIndex(ValueLayout.JAVA_INT, 1, 0);
            termios.setAtIndex(ValueLayout.JAVA_INT, 3, 0);
            ioctl(slave, TCSETS, termios.address());
            return new Ends(slave, master);
        }
    }

    private long ioctl(HostFd fd, long request, long argument) {
        return host.require("ioctl", SYS_IOCTL, fd.number(), request, argument);
    }

    void write(HostFd fd, String text) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment buffer =
                    arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
            long written =
                    host.require("write", SYS_WRITE, fd.number(), buffer.address(), bytes.length);
            if (written != bytes.length) {
                throw new IllegalStateException("written " + written + " of " + bytes.length);
            }
        }
    }

    /** What can be read without waiting. The descriptor does not let one wait any more. */
    byte[] readNow(HostFd fd) {
        host.require("fcntl(F_SETFL)", SYS_FCNTL, fd.number(), F_SETFL, O_NONBLOCK);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER_BYTES);
            while (true) {
                long count = host.syscall(SYS_READ, fd.number(), buffer.address(), BUFFER_BYTES);
                // EIO is what a terminal says when its last user is gone.
                if (count == -Errno.EAGAIN.number() || count == -Errno.EIO.number() || count == 0) {
                    return all.toByteArray();
                }
                if (count < 0) {
                    throw new IllegalStateException("read: " + Errno.nameOf(count));
                }
                all.writeBytes(buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE));
            }
        }
    }

    private HostFd fd(long number) {
        return new HostFd(host, (int) number);
    }
}
