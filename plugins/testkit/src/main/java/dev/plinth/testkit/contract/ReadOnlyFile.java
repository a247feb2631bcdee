package dev.plinth.testkit.contract;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.BackingFile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file on a disk, open for reading only: what a sandbox that was restored has besides its memory
 * file. The first word of each unit is the unit's number.
 */
final class ReadOnlyFile implements BackingFile, AutoCloseable {
    static final int UNITS = 16;

    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_CLOEXEC = 0x80000;

    private final HostFd file;
    private final HostMemory memory;

    /**
     * Makes the file, which has no name then.
     *
     * @param unit in bytes, a multiple of the page size
     */
    ReadOnlyFile(HostKernel host, int unit) {
        try (Arena arena = Arena.ofConfined()) {
            Path path = Files.createTempFile("plinth-contract", ".img");
            try {
                ByteBuffer content =
                        ByteBuffer.allocate(UNITS * unit).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < UNITS; i++) {
                    content.putLong(i * unit, i);
                }
                Files.write(path, content.array());
                long number =
                        host.syscall(
                                SYS_OPENAT,
                                AT_FDCWD,
                                arena.allocateFrom(path.toString()).address(),
                                O_CLOEXEC);
                if (Errno.isError(number)) {
                    throw HostCallException.ofResult("openat", new long[0], number);
                }
                file = new HostFd(host, (int) number);
            } finally {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        memory = host.map(file, 0, UNITS * (long) unit, AccessType.READ);
    }

    @Override
    public HostFd file() {
        return file;
    }

    @Override
    public MemorySegment view() {
        return memory.segment();
    }

    @Override
    public void close() {
        memory.close();
        file.close();
    }
}
