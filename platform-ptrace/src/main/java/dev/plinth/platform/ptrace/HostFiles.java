package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.platform.ptrace.linux.Fcntl;
import dev.plinth.platform.ptrace.linux.Mman;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Opens and reads files of the host, by raw calls: the JVM's own classes would start slowly. */
final class HostFiles {
    private HostFiles() {}

    /**
     * Opens a file for reading.
     *
     * @throws HostCallException if the host refuses
     */
    static HostFd open(HostKernel host, Arena arena, String path) {
        long fd =
                host.require(
                        "openat(" + path + ")",
                        SystemCalls.OPENAT,
                        Fcntl.AT_FDCWD,
                        arena.allocateFrom(path).address(),
                        Fcntl.O_RDONLY | Fcntl.O_CLOEXEC);
        return new HostFd(host, (int) fd);
    }

    /**
     * Reads the beginning of a file, or nothing where there is no such file.
     *
     * @param limit how many bytes at most
     */
    static MemorySegment read(HostKernel host, Arena arena, String path, int limit) {
        long fd =
                host.syscall(
                        SystemCalls.OPENAT,
                        Fcntl.AT_FDCWD,
                        arena.allocateFrom(path).address(),
                        Fcntl.O_RDONLY | Fcntl.O_CLOEXEC,
                        0);
        if (Errno.isError(fd)) {
            return MemorySegment.NULL;
        }
        try (HostFd file = new HostFd(host, (int) fd)) {
            MemorySegment buffer = arena.allocate(limit, Long.BYTES);
            long length = host.syscall(SystemCalls.READ, file.number(), buffer.address(), limit);
            return buffer.asSlice(0, Math.max(length, 0));
        }
    }

    /** Reads a file that holds a decimal number; {@code absent} where there is none. */
    static long readNumber(HostKernel host, Arena arena, String path, long absent) {
        MemorySegment text = read(host, arena, path, 32);
        long value = 0;
        boolean found = false;
        for (long i = 0; i < text.byteSize(); i++) {
            int digit = text.get(JAVA_BYTE, i) - '0';
            if (digit < 0 || digit > 9) {
                break;
            }
            value = value * 10 + digit;
            found = true;
        }
        return found ? value : absent;
    }

    /**
     * Makes an anonymous file.
     *
     * @param flags {@code MFD_*}
     * @throws HostCallException if the host refuses
     */
    static HostFd createMemoryFile(HostKernel host, Arena arena, String name, int flags) {
        long pointer = arena.allocateFrom(name).address();
        long fd = host.syscall(SystemCalls.MEMFD_CREATE, pointer, flags | Mman.MFD_CLOEXEC);
        if (fd == -Errno.EINVAL.number()) {
            // Before Linux 6.3 there is no MFD_EXEC, and every such file can be executed.
            int known = (flags | Mman.MFD_CLOEXEC) & ~Mman.MFD_EXEC;
            fd = host.syscall(SystemCalls.MEMFD_CREATE, pointer, known);
        }
        if (Errno.isError(fd)) {
            throw HostCallException.ofResult(
                    "memfd_create(" + name + ")", new long[] {pointer, flags}, fd);
        }
        return new HostFd(host, (int) fd);
    }
}
