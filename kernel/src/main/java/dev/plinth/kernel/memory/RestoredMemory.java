package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedMemory;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.MemorySubsystemState;
import dev.plinth.kernel.state.proto.PageRunState;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The memory of a sandbox that is being restored: a memory file with an image behind it.
 *
 * <p>In this order: {@link #reserve} the pages that keep their places, before anybody allocates
 * memory; have the objects made that {@link #adopt} them; {@link #complete}, when all are made.
 *
 * <p>Confined to one thread until it is complete. Closing it gives everything back, the memory file
 * too: when the sandbox ends, after its platform.
 */
@NotSaved("makes what was saved")
public final class RestoredMemory implements SavedMemory, AutoCloseable {
    private final HostKernel host;
    private final MemoryFile memoryFile;

    /** What is reserved, by where it begins. */
    private final TreeMap<Long, AddressRange> reserved = new TreeMap<>();

    private Optional<ImageReader> reader = Optional.empty();

    private RestoredMemory(HostKernel host, MemoryFile memoryFile) {
        this.host = host;
        this.memoryFile = memoryFile;
    }

    /**
     * Makes the memory of a sandbox.
     *
     * @param image whose pages it has; borrowed for the time of the call
     * @param capacity see {@link MemoryFile#create}; that of the sandbox which was saved, or more
     * @param limit how many bytes may be allocated
     * @return the memory; the caller owns it
     * @throws dev.plinth.kernel.error.SandboxException if the image's pages cannot be had
     */
    public static RestoredMemory open(HostKernel host, Image image, long capacity, long limit) {
        Optional<ImageMemory> pages = ImageMemory.open(host, image, limit);
        try {
            return new RestoredMemory(host, MemoryFile.create(host, capacity, limit, pages));
        } catch (RuntimeException e) {
            pages.ifPresent(ImageMemory::close);
            throw e;
        }
    }

    /** The memory file; owned by this. */
    public MemoryFile memoryFile() {
        return memoryFile;
    }

    /** What the platform is to map. */
    public List<BackingFile> backingFiles() {
        List<BackingFile> files = new ArrayList<>();
        files.add(memoryFile);
        memoryFile.image().ifPresent(files::add);
        return List.copyOf(files);
    }

    /**
     * Takes the pages into use that keep their places.
     *
     * @param state hostile
     * @throws ImageCorruptException if that makes no sense
     * @throws dev.plinth.kernel.error.SandboxException if there is no room for so much
     */
    public void reserve(MemorySubsystemState state) {
        requireNonNull(state, "state is null");
        long last = 0;
        for (PageRunState run : state.getInPlaceList()) {
            AddressRange range = rangeOf(run, memoryFile.view().byteSize());
            if (range.start() < last) {
                throw StateReader.corrupt("pages are out of order");
            }
            last = range.end();
            memoryFile.reserve(range.start(), range.length());
            reserved.merge(
                    range.start(),
                    range,
                    (one, other) -> new AddressRange(one.start(), other.end()));
        }
    }

    /**
     * The place that a run of pages has.
     *
     * @param limit beyond which there is none
     */
    public static AddressRange rangeOf(PageRunState run, long limit) {
        long most = limit >> Pages.SHIFT;
        long first = run.getFirstPage();
        long count = run.getPages();
        if (first < 0 || count <= 0 || first > most || count > most - first) {
            throw StateReader.corrupt("no run of pages: %d from %d".formatted(count, first));
        }
        return new AddressRange(first << Pages.SHIFT, (first + count) << Pages.SHIFT);
    }

    @Override
    public void adopt(long offset, long length) {
        boolean valid =
                offset >= 0
                        && length > 0
                        && offset <= Long.MAX_VALUE - length
                        && Pages.isAligned(offset)
                        && Pages.isAligned(length);
        if (!valid || !isReserved(offset, offset + length)) {
            throw StateReader.corrupt("no pages at 0x%x, 0x%x bytes".formatted(offset, length));
        }
        memoryFile.retain(offset, length);
    }

    private boolean isReserved(long start, long end) {
        long at = start;
        while (at < end) {
            Map.Entry<Long, AddressRange> entry = reserved.floorEntry(at);
            if (entry == null || entry.getValue().end() <= at) {
                return false;
            }
            at = entry.getValue().end();
        }
        return true;
    }

    /** All objects are made: gives up what none has adopted, and begins to read the image. */
    public void complete() {
        reserved.values().forEach(range -> memoryFile.release(range.start(), range.length()));
        reserved.clear();
        reader = memoryFile.image().map(image -> ImageReader.start(host, image));
    }

    @Override
    public void close() {
        reader.ifPresent(ImageReader::close);
        memoryFile.close();
    }
}
