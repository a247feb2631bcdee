package dev.plinth.kernel.fs.hostfs;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.HostErrors;
import dev.plinth.kernel.fs.hostfs.linux.Unistd;
import dev.plinth.kernel.vfs.AttributeStore;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The host's calls for extended attributes, typed. Stateless; fails with what the guest is to see.
 *
 * <p>A file that is open for its path only is named by its link in /proc/self/fd, which leads to
 * the file itself and no further.
 */
final class HostXattrs {
    /** {@code XATTR_SIZE_MAX} and {@code XATTR_LIST_MAX}: no value or list is longer. */
    private static final int BYTES_MAX = 64 << 10;

    private static final int XATTR_CREATE = 1;
    private static final int XATTR_REPLACE = 2;

    private final HostKernel host;

    HostXattrs(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    private static long path(Arena arena, HostFd file) {
        return arena.allocateFrom("/proc/self/fd/" + file.number()).address();
    }

    private static long string(Arena arena, String name) {
        return arena.allocateFrom(name, ISO_8859_1).address();
    }

    Optional<byte[]> get(HostFd file, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(BYTES_MAX);
            long length =
                    host.syscall(
                            Unistd.SYS_GETXATTR,
                            path(arena, file),
                            string(arena, name),
                            value.address(),
                            BYTES_MAX);
            return length == -Errno.ENODATA.number()
                    ? Optional.empty()
                    : Optional.of(value.asSlice(0, HostErrors.check(length)).toArray(JAVA_BYTE));
        }
    }

    List<String> names(HostFd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = arena.allocate(BYTES_MAX);
            long length =
                    HostErrors.check(
                            host.syscall(
                                    Unistd.SYS_LISTXATTR,
                                    path(arena, file),
                                    list.address(),
                                    BYTES_MAX));
            List<String> names = new ArrayList<>();
            for (long at = 0; at < length; ) {
                String name = list.getString(at, ISO_8859_1);
                names.add(name);
                at += name.length() + 1L;
            }
            return names;
        }
    }

    void set(HostFd file, String name, byte[] bytes, AttributeStore.XattrMode mode) {
        int flags =
                switch (mode) {
                    case ANY -> 0;
                    case CREATE -> XATTR_CREATE;
                    case REPLACE -> XATTR_REPLACE;
                };
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(Math.max(1, bytes.length));
            MemorySegment.copy(bytes, 0, value, JAVA_BYTE, 0, bytes.length);
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_SETXATTR,
                            path(arena, file),
                            string(arena, name),
                            value.address(),
                            bytes.length,
                            flags,
                            0));
        }
    }

    void remove(HostFd file, String name) {
        try (Arena arena = Arena.ofConfined()) {
            HostErrors.check(
                    host.syscall(Unistd.SYS_REMOVEXATTR, path(arena, file), string(arena, name)));
        }
    }
}
