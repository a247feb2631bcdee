package dev.plinth.kernel.vfs;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Stat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.function.LongFunction;

/** The oracle: the host's Linux, in a directory of its own, with relative paths only. */
public final class NativeFileCalls implements FileCalls, AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 16;

    private final HostKernel host;
    private final HostFd root;

    /** Calls that start in a directory of the host. */
    public NativeFileCalls(HostKernel host, Path directory) {
        this.host = host;
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(directory.toString()).address();
            long fd = host.require("openat", 257, Fcntl.AT_FDCWD, path, Fcntl.O_DIRECTORY, 0);
            root = new HostFd(host, (int) fd);
        }
    }

    @Override
    public void close() {
        root.close();
    }

    private static String text(long result) {
        return Errno.isError(result) ? Errno.nameOf(result) : "ok";
    }

    private long call(long number, String path, long a2, long a3, long a4) {
        try (Arena arena = Arena.ofConfined()) {
            return host.syscall(
                    number, root.number(), arena.allocateFrom(path).address(), a2, a3, a4, 0);
        }
    }

    private String withOpen(String path, int flags, int mode, LongFunction<String> action) {
        long fd = call(257, path, flags, mode, 0);
        if (Errno.isError(fd)) {
            return Errno.nameOf(fd);
        }
        try (HostFd owned = new HostFd(host, (int) fd)) {
            return action.apply(owned.number());
        }
    }

    @Override
    public String open(String path, int flags, int mode) {
        return withOpen(path, flags, mode, fd -> "ok");
    }

    @Override
    public String stat(String path, boolean follow) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(Stat.STATX_BYTES, 8);
            int flags = follow ? 0 : Fcntl.AT_SYMLINK_NOFOLLOW;
            long result = call(332, path, flags, Stat.STATX_BASIC_STATS, statx.address());
            if (Errno.isError(result)) {
                return Errno.nameOf(result);
            }
            int mode = statx.get(JAVA_SHORT, Stat.STATX_STX_MODE) & 0xFFFF;
            return VfsFileCalls.describe(
                    FileType.ofMode(mode).orElseThrow(),
                    mode & Stat.PERMISSION_BITS,
                    statx.get(JAVA_INT, Stat.STATX_STX_NLINK),
                    statx.get(JAVA_LONG, Stat.STATX_STX_SIZE));
        }
    }

    @Override
    public String read(String path) {
        return withOpen(
                path,
                Fcntl.O_RDONLY,
                0,
                fd -> {
                    try (Arena arena = Arena.ofConfined()) {
                        MemorySegment buffer = arena.allocate(BUFFER_BYTES);
                        long n = host.syscall(0, fd, buffer.address(), BUFFER_BYTES);
                        return Errno.isError(n)
                                ? Errno.nameOf(n)
                                : "'" + latin1(buffer.asSlice(0, n)) + "'";
                    }
                });
    }

    private static String latin1(MemorySegment bytes) {
        return new String(bytes.toArray(JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }

    @Override
    public String write(String path, int flags, long offset, String text) {
        return withOpen(
                path,
                flags | Fcntl.O_WRONLY,
                0644,
                fd -> {
                    try (Arena arena = Arena.ofConfined()) {
                        MemorySegment bytes = arena.allocateFrom(text, StandardCharsets.ISO_8859_1);
                        long n =
                                host.syscall(18, fd, bytes.address(), bytes.byteSize() - 1, offset);
                        return Errno.isError(n) ? Errno.nameOf(n) : "wrote " + n;
                    }
                });
    }

    @Override
    public String list(String path) {
        return withOpen(
                path,
                Fcntl.O_DIRECTORY,
                0,
                fd -> {
                    TreeSet<String> names = new TreeSet<>();
                    try (Arena arena = Arena.ofConfined()) {
                        MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);
                        while (true) {
                            long n = host.syscall(217, fd, buffer.address(), BUFFER_BYTES);
                            if (Errno.isError(n)) {
                                return Errno.nameOf(n);
                            }
                            if (n == 0) {
                                names.removeAll(List.of(".", ".."));
                                return String.join("\n", names);
                            }
                            for (long at = 0; at < n; ) {
                                names.add(buffer.getString(at + 19));
                                at += buffer.get(JAVA_SHORT, at + 16) & 0xFFFF;
                            }
                        }
                    }
                });
    }

    @Override
    public String readLink(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(4096);
            long n = call(267, path, buffer.address(), 4096, 0);
            return Errno.isError(n) ? Errno.nameOf(n) : latin1(buffer.asSlice(0, n));
        }
    }

    @Override
    public String makeDirectory(String path, int mode) {
        return text(call(258, path, mode, 0, 0));
    }

    @Override
    public String removeDirectory(String path) {
        return text(call(263, path, Fcntl.AT_REMOVEDIR, 0, 0));
    }

    @Override
    public String unlink(String path) {
        return text(call(263, path, 0, 0, 0));
    }

    @Override
    public String rename(String from, String to, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return text(call(316, from, root.number(), arena.allocateFrom(to).address(), flags));
        }
    }

    @Override
    public String link(String from, String to) {
        try (Arena arena = Arena.ofConfined()) {
            return text(call(265, from, root.number(), arena.allocateFrom(to).address(), 0));
        }
    }

    @Override
    public String symlink(String target, String path) {
        try (Arena arena = Arena.ofConfined()) {
            long targetAddress = arena.allocateFrom(target).address();
            long pathAddress = arena.allocateFrom(path).address();
            return text(host.syscall(266, targetAddress, root.number(), pathAddress));
        }
    }

    @Override
    public String makeFifo(String path, int mode) {
        return text(call(259, path, Stat.S_IFIFO | mode, 0, 0));
    }

    @Override
    public String setPermissions(String path, int mode) {
        return text(call(268, path, mode, 0, 0));
    }

    @Override
    public String truncate(String path, long size) {
        // There is no truncateat(2).
        return withOpen(
                path, Fcntl.O_WRONLY | Fcntl.O_NONBLOCK, 0, fd -> text(host.syscall(77, fd, size)));
    }

    @Override
    public String access(String path, int mode) {
        return text(call(269, path, mode, 0, 0));
    }
}
