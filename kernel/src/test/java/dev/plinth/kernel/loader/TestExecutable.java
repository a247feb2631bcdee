package dev.plinth.kernel.loader;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.mm.BusErrorException;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.mm.MappedFile;
import dev.plinth.kernel.mm.MappedFileOwner;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A program file whose bytes a test made up. */
final class TestExecutable
        implements ExecutableFile, MappedFile, MappedFileOwner, Mappable, AutoCloseable {
    private final MemoryFile memory;
    private final byte[] bytes;
    private final long pagesLength;
    private final long pagesOffset;
    private int references;

    TestExecutable(MemoryFile memory, byte[] bytes) {
        this.memory = memory;
        this.bytes = bytes;
        this.pagesLength = Math.max(Pages.ceil(bytes.length), Pages.SIZE);
        this.pagesOffset = memory.allocate(pagesLength);
        MemorySegment.copy(
                MemorySegment.ofArray(bytes), 0, memory.view(), pagesOffset, bytes.length);
    }

    @Override
    public int read(long offset, byte[] into) {
        if (offset >= bytes.length) {
            return 0;
        }
        int length = (int) Math.min(into.length, bytes.length - offset);
        System.arraycopy(bytes, (int) offset, into, 0, length);
        return length;
    }

    @Override
    public MappedFile mapped() {
        return this;
    }

    @Override
    public FilePages pages(long start, long end, long optionalEnd, AccessType access) {
        long fileEnd = Pages.ceil(bytes.length);
        if (start >= fileEnd) {
            throw BusErrorException.INSTANCE;
        }
        long stop = Math.min(optionalEnd, fileEnd);
        memory.retain(pagesOffset + start, stop - start);
        return new FilePages(start, stop, pagesOffset + start, AccessType.READ_EXECUTE);
    }

    @Override
    public void addMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        // It is never truncated, so nobody needs to be told.
    }

    @Override
    public void removeMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        // As above.
    }

    @Override
    public Optional<Mappable> mappable() {
        return Optional.of(this);
    }

    @Override
    public boolean isReadable() {
        return true;
    }

    @Override
    public boolean isWritable() {
        return false;
    }

    @Override
    public boolean mayExecute() {
        return true;
    }

    @Override
    public String path() {
        return "/program";
    }

    @Override
    public long device() {
        return 1;
    }

    @Override
    public long inode() {
        return 1;
    }

    @Override
    public void retain() {
        references++;
    }

    @Override
    public void release() {
        references--;
    }

    @Override
    public void sync(long start, long end) {
        throw new IllegalStateException("a private mapping is never written back");
    }

    int references() {
        return references;
    }

    @Override
    public void close() {
        memory.release(pagesOffset, pagesLength);
    }

    @Override
    public MappedFileOwner owner() {
        return this;
    }

    @Override
    public MappedFile mappedFile() {
        return this;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        throw new UnsupportedOperationException("not in this test");
    }
}
