package dev.plinth.platform.kvm;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.platform.kvm.linux.Fcntl;
import dev.plinth.platform.kvm.linux.SystemCalls;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Reads small files of the host. Stateless. */
final class HostFiles {
    private static final int CHUNK_BYTES = 4096;
    private static final int MAX_BYTES = 1 << 20;

    private HostFiles() {}

    /**
     * Opens a file or device.
     *
     * @return the descriptor, or a negative errno
     */
    static long open(HostKernel host, String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return host.syscall(
                    SystemCalls.OPENAT,
                    Fcntl.AT_FDCWD,
                    arena.allocateFrom(path).address(),
                    flags | Fcntl.O_CLOEXEC);
        }
    }

    /** What a file holds; nothing if it cannot be read, and no more than 1 MiB. */
    static byte[] read(HostKernel host, String path) {
        long number = open(host, path, Fcntl.O_RDONLY);
        if (number < 0) {
            return new byte[0];
        }
        try (HostFd file = new HostFd(host, (int) number);
                Arena arena = Arena.ofConfined()) {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            MemorySegment chunk = arena.allocate(CHUNK_BYTES);
            long read;
            do {
                read = host.syscall(SystemCalls.READ, file.number(), chunk.address(), CHUNK_BYTES);
                if (read > 0) {
                    content.writeBytes(chunk.asSlice(0, read).toArray(ValueLayout.JAVA_BYTE));
                }
            } while (read > 0 && content.size() < MAX_BYTES);
            return content.toByteArray();
        }
    }

    /** The lines of a text file; see {@link #read}. */
    static List<String> lines(HostKernel host, String path) {
        return new String(read(host, path), ISO_8859_1).lines().toList();
    }
}
