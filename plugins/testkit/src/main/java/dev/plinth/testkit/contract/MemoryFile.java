package dev.plinth.testkit.contract;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.BackingFile;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Guest memory: a sparse memory file, mapped into the JVM.
 *
 * <p>Any thread may call any method but {@link #close}.
 */
public final class MemoryFile implements BackingFile, AutoCloseable {
    private static final long SYS_FTRUNCATE = 77;
    private static final long SYS_MEMFD_CREATE = 319;
    private static final long MFD_CLOEXEC = 1;

    private final HostFd file;
    private final HostMemory memory;
    private final AtomicLong used = new AtomicLong();

    /**
     * Makes a file of zeroes.
     *
     * @param bytes its size, a multiple of the page size
     */
    MemoryFile(HostKernel host, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom("plinth-contract");
            long number =
                    host.require("memfd_create", SYS_MEMFD_CREATE, name.address(), MFD_CLOEXEC);
            this.file = new HostFd(host, (int) number);
        }
        host.require("ftruncate", SYS_FTRUNCATE, file.number(), bytes);
        this.memory = host.map(file, 0, bytes, AccessType.READ_WRITE);
    }

    @Override
    public HostFd file() {
        return file;
    }

    @Override
    public MemorySegment view() {
        return memory.segment();
    }

    /**
     * A range that nobody else was given, of zeroes.
     *
     * @return its offset
     */
    public long allocate(long bytes) {
        long offset = used.getAndAdd(bytes);
        if (offset + bytes > memory.length()) {
            throw new IllegalStateException("the memory file is too small");
        }
        return offset;
    }

    @Override
    public void close() {
        memory.close();
        file.close();
    }
}
