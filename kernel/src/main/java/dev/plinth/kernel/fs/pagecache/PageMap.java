package dev.plinth.kernel.fs.pagecache;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which pages of a file are in memory, and where in the memory file.
 *
 * <p>Holds one reference to each page that it names. Offsets are in bytes and page aligned. Not
 * safe for use by several threads: the file's page lock guards it.
 */
@NotSaved("of files in memory it is part of their content; else a cache of what the host has")
public final class PageMap {
    private final MemoryFile memory;

    /** Runs by their start in the file; they do not overlap. */
    private final TreeMap<Long, Run> runs = new TreeMap<>();

    private long bytes;

    /**
     * Pages that lie one behind the other in both files.
     *
     * @param start in the file
     * @param end in the file
     * @param memoryOffset of the first one in the memory file
     */
    public record Run(long start, long end, long memoryOffset) {
        /** The number of bytes. */
        public long length() {
            return end - start;
        }

        /** The part of this run that lies in a range, which it overlaps. */
        public Run intersect(long from, long to) {
            long first = Math.max(start, from);
            return new Run(first, Math.min(end, to), memoryOffset + (first - start));
        }
    }

    /** A map without pages, over a memory file that it borrows. */
    public PageMap(MemoryFile memory) {
        this.memory = requireNonNull(memory, "memory is null");
    }

    /** How many bytes are in memory. */
    public long bytes() {
        return bytes;
    }

    /** All pages, by their place in the file. */
    public List<Run> runs() {
        return List.copyOf(runs.values());
    }

    /** The rest of the run that holds an offset: from the offset's page on. */
    public Optional<Run> find(long offset) {
        Map.Entry<Long, Run> entry = runs.floorEntry(offset);
        if (entry == null || entry.getValue().end <= offset) {
            return Optional.empty();
        }
        Run run = entry.getValue();
        return Optional.of(run.intersect(Pages.floor(offset), run.end));
    }

    /**
     * Where the first run begins that ends behind an offset; {@code otherwise} if there is none.
     */
    public long nextPresent(long offset, long otherwise) {
        if (find(offset).isPresent()) {
            return offset;
        }
        Long next = runs.higherKey(offset);
        return next == null ? otherwise : next;
    }

    /** Where the pages end that are all present from an offset on. */
    public long nextAbsent(long offset) {
        long at = offset;
        for (Optional<Run> run = find(at); run.isPresent(); run = find(at)) {
            at = run.get().end;
        }
        return at;
    }

    /**
     * Adds pages that are not there yet.
     *
     * @param run whose references become the map's
     */
    public void add(Run run) {
        if (nextPresent(run.start, run.end) < run.end) {
            throw new IllegalStateException("pages added twice: " + run);
        }
        bytes += run.length();
        Run merged = run;
        Map.Entry<Long, Run> before = runs.lowerEntry(run.start);
        if (before != null && touches(before.getValue(), run)) {
            merged = new Run(before.getValue().start, run.end, before.getValue().memoryOffset);
            runs.remove(before.getKey());
        }
        Run after = runs.get(run.end);
        if (after != null && touches(merged, after)) {
            merged = new Run(merged.start, after.end, merged.memoryOffset);
            runs.remove(after.start);
        }
        runs.put(merged.start, merged);
    }

    private static boolean touches(Run first, Run second) {
        return first.end == second.start
                && first.memoryOffset + first.length() == second.memoryOffset;
    }

    /** Allocates pages, which read as zero, where there are none from {@code start} to the end. */
    public Run allocate(long start, long end) {
        Run run = new Run(start, end, memory.allocate(end - start));
        add(run);
        return run;
    }

    /** Takes pages out and gives up their references; nobody has them mapped any more. */
    public void remove(long start, long end) {
        while (start < end) {
            Map.Entry<Long, Run> entry = runs.lowerEntry(end);
            if (entry == null || entry.getValue().end <= start) {
                return;
            }
            Run run = entry.getValue();
            Run gone = run.intersect(start, end);
            runs.remove(run.start);
            if (run.start < gone.start) {
                runs.put(run.start, run.intersect(run.start, gone.start));
            }
            if (gone.end < run.end) {
                runs.put(gone.end, run.intersect(gone.end, run.end));
            }
            bytes -= gone.length();
            memory.release(gone.memoryOffset, gone.length());
        }
    }

    /** Takes all pages out and gives up their references. */
    public void clear() {
        remove(0, Long.MAX_VALUE);
    }
}
