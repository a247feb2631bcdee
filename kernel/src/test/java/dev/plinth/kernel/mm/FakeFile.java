package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.KernelPageState;
import dev.plinth.kernel.state.proto.ObjectState;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A file in memory, of one run of pages. */
final class FakeFile implements MappedFile, MappedFileOwner, Mappable, AutoCloseable {
    /** The name under which it is saved. */
    static final String NAME = "a file";

    private static final long READ_AHEAD = 128 << 10;

    private final MemoryFile memory;
    private final long pagesOffset;
    private final long pagesLength;
    private final List<Registration> registrations = new ArrayList<>();
    private final List<AddressRange> synced = new ArrayList<>();
    private long length;
    private int references;
    private int pageCalls;
    boolean readable = true;
    boolean writable = true;
    boolean executable = true;
    boolean mappable = true;

    /** Whether each page is handed out read-only until it is asked for to be written. */
    boolean tracksDirty;

    private record Registration(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {}

    FakeFile(MemoryFile memory, long length) {
        this.memory = memory;
        this.length = length;
        this.pagesLength = Pages.ceil(length);
        this.pagesOffset = memory.allocate(pagesLength);
    }

    @Override
    public FilePages pages(long start, long end, long optionalEnd, AccessType access) {
        pageCalls++;
        long fileEnd = Pages.ceil(length);
        if (start >= fileEnd) {
            throw BusErrorException.INSTANCE;
        }
        boolean write = !tracksDirty || access == AccessType.WRITE;
        long window = (start / READ_AHEAD + 1) * READ_AHEAD;
        long stop = Math.min(tracksDirty ? end : Math.min(optionalEnd, window), fileEnd);
        memory.retain(pagesOffset + start, stop - start);
        return new FilePages(
                start,
                stop,
                pagesOffset + start,
                write ? AccessType.READ_WRITE_EXECUTE : AccessType.READ_EXECUTE);
    }

    @Override
    public void addMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        registrations.add(new Registration(observer, range, start, sharedWritable));
    }

    @Override
    public void removeMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        for (int i = 0; i < registrations.size(); i++) {
            Registration old = registrations.get(i);
            if (old.observer().equals(observer) && old.range().contains(range)) {
                if (old.start() + (range.start() - old.range().start()) != start) {
                    throw new IllegalStateException("wrong place in the file: " + range);
                }
                registrations.remove(i);
                addRest(old, old.range().start(), range.start());
                addRest(old, range.end(), old.range().end());
                return;
            }
        }
        removeParts(observer, range, start, sharedWritable);
    }

    /** A mapping that was merged from several. */
    private void removeParts(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        long at = range.start();
        while (at < range.end()) {
            long from = at;
            Registration part =
                    registrations.stream()
                            .filter(each ->
                                    each.observer().equals(observer) && each.range().contains(from))
                            .findFirst()
                            .orElseThrow(() -> new IllegalStateException("unknown: " + range));
            long to = Math.min(part.range().end(), range.end());
            removeMapping(
                    observer,
                    new AddressRange(at, to),
                    start + (at - range.start()),
                    sharedWritable);
            at = to;
        }
    }

    private void addRest(Registration old, long from, long to) {
        if (from < to) {
            addMapping(
                    old.observer(),
                    new AddressRange(from, to),
                    old.start() + (from - old.range().start()),
                    old.sharedWritable());
        }
    }

    void truncate(long newLength) {
        long from = Pages.ceil(newLength);
        length = newLength;
        for (Registration each : List.copyOf(registrations)) {
            long cut = each.range().start() + Math.max(from - each.start(), 0);
            if (cut < each.range().end()) {
                each.observer().invalidate(new AddressRange(cut, each.range().end()), true);
            }
        }
    }

    void put(long offset, int value) {
        memory.slice(pagesOffset, pagesLength)
                .set(java.lang.foreign.ValueLayout.JAVA_BYTE, offset, (byte) value);
    }

    int get(long offset) {
        return memory.slice(pagesOffset, pagesLength)
                .get(java.lang.foreign.ValueLayout.JAVA_BYTE, offset);
    }

    int mappings() {
        return registrations.size();
    }

    int references() {
        return references;
    }

    int pageCalls() {
        return pageCalls;
    }

    List<AddressRange> synced() {
        return synced;
    }

    @Override
    public Optional<Mappable> mappable() {
        return mappable ? Optional.of(this) : Optional.empty();
    }

    @Override
    public boolean isReadable() {
        return readable;
    }

    @Override
    public boolean isWritable() {
        return writable;
    }

    @Override
    public boolean mayExecute() {
        return executable;
    }

    @Override
    public String path() {
        return "/file";
    }

    @Override
    public long device() {
        return 0x801;
    }

    @Override
    public long inode() {
        return 42;
    }

    @Override
    public void retain() {
        references++;
    }

    @Override
    public void release() {
        references--;
        if (references < 0) {
            throw new IllegalStateException("released too often");
        }
    }

    @Override
    public void sync(long start, long end) {
        synced.add(new AddressRange(start, end));
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
        return ObjectState.newBuilder().setKernelPage(KernelPageState.newBuilder().setName(NAME));
    }
}
