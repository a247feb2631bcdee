package dev.plinth.api.host;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A view of mapped memory, with one owner.
 *
 * <p>The segment may be used by any thread until the owner closes the view.
 */
public final class HostMemory implements AutoCloseable {
    private final MemorySegment segment;
    private final Runnable unmap;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Wraps a mapping.
     *
     * @param segment the mapped memory
     * @param unmap releases it; run once, by {@link #close()}
     */
    public HostMemory(MemorySegment segment, Runnable unmap) {
        this.segment = requireNonNull(segment, "segment is null");
        this.unmap = requireNonNull(unmap, "unmap is null");
    }

    /** The mapped memory, in the size of the mapping. */
    public MemorySegment segment() {
        return segment;
    }

    /** The address in the JVM's own address space. */
    public long address() {
        return segment.address();
    }

    /** The size of the mapping in bytes. */
    public long length() {
        return segment.byteSize();
    }

    /** Unmaps the memory; doing so again is harmless. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            unmap.run();
        }
    }
}
