package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.platform.ptrace.linux.Mman;
import dev.plinth.platform.ptrace.linux.SystemCalls;
import dev.plinth.platform.ptrace.stub.StubPage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The pages through which the JVM hands lists of calls to stubs: one for each address space, all in
 * one sparse file.
 *
 * <p>The JVM writes through its mapping. Stubs have the file open for reading only, so that not
 * even their own code could make a page of it writable for a guest.
 */
final class BatchPages implements AutoCloseable {
    /** How many address spaces there can be at once. */
    static final int COUNT = 1 << 14;

    private final HostFd file;
    private final HostMemory memory;
    private final ReentrantLock pagesLock = new ReentrantLock();

    /** Guarded by pagesLock. */
    private final BitSet taken = new BitSet();

    BatchPages(HostKernel host, Arena arena) {
        try (HostFd writable =
                HostFiles.createMemoryFile(host, arena, "plinth-batch", Mman.MFD_ALLOW_SEALING)) {
            long bytes = (long) COUNT * StubPage.BYTES;
            host.require(
                    "ftruncate(plinth-batch)", SystemCalls.FTRUNCATE, writable.number(), bytes);
            file = HostFiles.open(host, arena, "/proc/self/fd/" + writable.number());
            try {
                memory = host.map(writable, 0, bytes, AccessType.READ_WRITE);
            } catch (HostCallException e) {
                file.close();
                throw e;
            }
        }
    }

    /** The file, open for reading only; borrowed. */
    HostFd file() {
        return file;
    }

    /**
     * Takes a page that nobody has.
     *
     * @return its index
     * @throws HostCallException if all are taken
     */
    int take() {
        pagesLock.lock();
        try {
            int index = taken.nextClearBit(0);
            if (index == COUNT) {
                throw new HostCallException("batch page of an address space", Errno.ENOSPC);
            }
            taken.set(index);
            clear(index);
            return index;
        } finally {
            pagesLock.unlock();
        }
    }

    /** Empties a page: what it held tells of another guest's memory. */
    void clear(int index) {
        page(index).fill((byte) 0);
    }

    /** Gives a page back. */
    void free(int index) {
        pagesLock.lock();
        try {
            taken.clear(index);
        } finally {
            pagesLock.unlock();
        }
    }

    /** The page in the JVM. */
    MemorySegment page(int index) {
        return memory.segment().asSlice(offset(index), StubPage.BYTES);
    }

    /** The page's offset in the file. */
    static long offset(int index) {
        return (long) index * StubPage.BYTES;
    }

    @Override
    public void close() {
        memory.close();
        file.close();
    }
}
