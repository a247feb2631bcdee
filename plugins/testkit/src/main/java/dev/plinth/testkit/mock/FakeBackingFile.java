package dev.plinth.testkit.mock;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.platform.BackingFile;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Guest memory that is no file, for tests that have no host.
 *
 * <p>Only the mock platform can do with it.
 */
public final class FakeBackingFile implements BackingFile, AutoCloseable {
    private static final long PAGE = 4096;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment view;

    /**
     * Makes zero memory.
     *
     * @param bytes how much
     */
    public FakeBackingFile(long bytes) {
        this.view = arena.allocate(bytes, PAGE);
    }

    /** Not supported: there is no file. */
    @Override
    public HostFd file() {
        throw new UnsupportedOperationException("fake guest memory has no file");
    }

    @Override
    public MemorySegment view() {
        return view;
    }

    @Override
    public void close() {
        arena.close();
    }
}
