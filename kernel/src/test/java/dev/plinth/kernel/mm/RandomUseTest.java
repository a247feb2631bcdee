package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MADV_DONTNEED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_MAYMOVE;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.memory.MemorySnapshot;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.SplittableRandom;

/** Processes that map, fork and write at random, beside a model that keeps a cell for each page. */
@Timeout(120)
final class RandomUseTest {
    private static final long PAGE = 4096;
    private static final long BASE = 0x1000_0000L;
    private static final int PAGES = 96;

    /** Which byte of a page is written and looked at. */
    private static final int BYTE = 1234;

    private static final int MAX_PROCESSES = 4;

    /** The content of a page; shared ones have one cell in all processes. */
    private static final class Cell {
        private int value;

        Cell copy() {
            Cell copy = new Cell();
            copy.value = value;
            return copy;
        }
    }

    /** What the model knows of a page; without a cell it is not mapped. */
    private record Page(Cell cell, boolean shared, int prot) {}

    @SuppressWarnings("ArrayRecordComponent")
    private record Modelled(TestProcess process, Page[] pages) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyProcessSeesWhatItShould(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 1L << 30, 1L << 30)) {
            List<Modelled> processes = new ArrayList<>();
            processes.add(new Modelled(TestProcess.create(memory), new Page[PAGES]));
            for (int step = 0; step < 4000; step++) {
                step(random, processes);
            }
            for (Modelled each : processes) {
                checkAll(each);
                each.process().close();
            }
            assertEquals(0, memory.statistics().allocatedBytes());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void everyProcessSeesWhatItShouldAfterRestores(long seed, @TempDir Path temporary)
            throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        List<Modelled> processes = new ArrayList<>();
        MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 8L << 30, 1L << 30);
        Runnable owner = memory::close;
        processes.add(new Modelled(TestProcess.create(memory), new Page[PAGES]));
        for (int generation = 0; generation < 8; generation++) {
            for (int step = 0; step < 300; step++) {
                step(random, processes);
            }
            Path directory = temporary.resolve("image" + generation);
            Compression compression = random.nextBoolean() ? Compression.NONE : Compression.ZSTD;
            List<TestProcess> saved = processes.stream().map(Modelled::process).toList();
            try (MemorySnapshot snapshot = new MemorySnapshot(memory)) {
                saved.forEach(process -> process.manager().prepareToBeSaved(snapshot));
                for (int step = 0; step < 20; step++) {
                    store(
                            processes.get(random.nextInt(processes.size())),
                            random.nextInt(PAGES),
                            random.nextInt(1, 100));
                }
                List<Modelled> moment = List.copyOf(processes);
                List<Page[]> models = copies(moment);
                TestImage.write(
                        directory, saved, compression, snapshot, () -> goOn(random, moment));
                for (int i = 0; i < saved.size(); i++) {
                    processes.set(i, new Modelled(saved.get(i), models.get(i)));
                }
            }
            assertEquals(0, memory.statistics().allocatedBytes());
            owner.run();
            TestImage.Restored restored = TestImage.restore(directory, saved.size());
            owner = restored.memory()::close;
            memory = restored.memoryFile();
            for (int i = 0; i < saved.size(); i++) {
                processes.set(
                        i, new Modelled(restored.processes().get(i), processes.get(i).pages()));
            }
        }
        for (Modelled each : processes) {
            checkAll(each);
            each.process().close();
        }
        assertEquals(0, memory.statistics().allocatedBytes());
        owner.run();
    }

    /** What processes do that were saved, until all of them have ended. */
    private static void goOn(SplittableRandom random, List<Modelled> saved) {
        List<Modelled> living = new ArrayList<>(saved);
        for (int step = 0; step < 100; step++) {
            step(random, living);
        }
        for (Modelled each : living) {
            checkAll(each);
            each.process().close();
        }
    }

    /** Models that are the same, and have cells in common where these have. */
    private static List<Page[]> copies(List<Modelled> processes) {
        IdentityHashMap<Cell, Cell> cells = new IdentityHashMap<>();
        List<Page[]> copies = new ArrayList<>();
        for (Modelled each : processes) {
            Page[] copy = each.pages().clone();
            for (int i = 0; i < PAGES; i++) {
                if (copy[i] != null) {
                    Cell cell = cells.computeIfAbsent(copy[i].cell(), Cell::copy);
                    copy[i] = new Page(cell, copy[i].shared(), copy[i].prot());
                }
            }
            copies.add(copy);
        }
        return copies;
    }

    private static void step(SplittableRandom random, List<Modelled> processes) {
        Modelled chosen = processes.get(random.nextInt(processes.size()));
        int first = random.nextInt(PAGES);
        int count = Math.min(1 + random.nextInt(16), PAGES - first);
        long address = BASE + first * PAGE;
        MemoryManager mm = chosen.process().manager();
        switch (random.nextInt(21)) {
            case 0, 1 -> {
                boolean shared = random.nextInt(4) == 0;
                int prot = random.nextInt(4);
                int type = shared ? MAP_SHARED : MAP_PRIVATE;
                mm.mmap(address, count * PAGE, prot, type | MAP_FIXED | MAP_ANONYMOUS);
                for (int i = first; i < first + count; i++) {
                    chosen.pages()[i] = new Page(new Cell(), shared, prot);
                }
            }
            case 2 -> {
                mm.munmap(address, count * PAGE);
                for (int i = first; i < first + count; i++) {
                    chosen.pages()[i] = null;
                }
            }
            case 3, 4 -> protect(chosen, first, count, random.nextInt(4));
            case 5 -> discard(chosen, first, count);
            case 6 -> move(chosen, first, count, random.nextInt(PAGES));
            case 7 -> {
                if (processes.size() < MAX_PROCESSES) {
                    ForkHints hints = new ForkHints(random.nextBoolean(), List.of(address));
                    processes.add(
                            new Modelled(chosen.process().fork(hints), forked(chosen.pages())));
                } else {
                    checkAll(chosen);
                    chosen.process().close();
                    processes.remove(chosen);
                }
            }
            case 8 -> checkAll(chosen);
            case 20 -> chosen.process().replaceAddressSpace();
            case 9, 10, 11, 12 -> copyOut(random, chosen, first, count);
            default -> store(chosen, first, random.nextInt(1, 100));
        }
    }

    private static void protect(Modelled chosen, int first, int count, int prot) {
        try {
            chosen.process().manager().mprotect(BASE + first * PAGE, count * PAGE, prot);
        } catch (ErrnoException e) {
            // A hole: what is before it was changed, as in the model.
        }
        for (int i = first; i < first + count && chosen.pages()[i] != null; i++) {
            Page page = chosen.pages()[i];
            chosen.pages()[i] = new Page(page.cell(), page.shared(), prot);
        }
    }

    private static void discard(Modelled chosen, int first, int count) {
        try {
            chosen.process().manager().madvise(BASE + first * PAGE, count * PAGE, MADV_DONTNEED);
        } catch (ErrnoException e) {
            // A hole: what is on both sides was discarded, as in the model.
        }
        for (int i = first; i < first + count; i++) {
            Page page = chosen.pages()[i];
            if (page != null && !page.shared()) {
                chosen.pages()[i] = new Page(new Cell(), false, page.prot());
            }
        }
    }

    private static void move(Modelled chosen, int first, int count, int to) {
        Page[] pages = chosen.pages();
        boolean overlaps = to < first + count && first < to + count;
        if (pages[first] == null || overlaps || to + count > PAGES) {
            return;
        }
        long target = BASE + to * PAGE;
        chosen.process()
                .manager()
                .mremap(
                        BASE + first * PAGE,
                        count * PAGE,
                        count * PAGE,
                        MREMAP_MAYMOVE | MREMAP_FIXED,
                        target);
        for (int i = 0; i < count; i++) {
            if (pages[first + i] != null) {
                pages[to + i] = pages[first + i];
                pages[first + i] = null;
            }
        }
    }

    private static Page[] forked(Page[] pages) {
        Page[] copy = pages.clone();
        for (int i = 0; i < PAGES; i++) {
            if (copy[i] != null && !copy[i].shared()) {
                copy[i] = new Page(copy[i].cell().copy(), false, copy[i].prot());
            }
        }
        return copy;
    }

    private static void store(Modelled chosen, int index, int value) {
        Page page = chosen.pages()[index];
        FaultOutcome outcome = null;
        try {
            chosen.process().store(BASE + index * PAGE + BYTE, value);
        } catch (TestProcess.Killed e) {
            outcome = e.outcome();
        }
        assertEquals(expected(page, AccessType.WRITE), outcome);
        if (outcome == null) {
            page.cell().value = value;
        }
    }

    /** Writes to a byte of each page by one system call; it stops at what cannot be written. */
    private static void copyOut(SplittableRandom random, Modelled chosen, int first, int count) {
        int value = random.nextInt(1, 100);
        for (int i = first; i < first + count; i++) {
            Page page = chosen.pages()[i];
            if (expected(page, AccessType.WRITE) != null) {
                MemoryManagerTest.assertErrno(
                        dev.plinth.api.linux.Errno.EFAULT,
                        () ->
                                chosen.process()
                                        .guestMemory()
                                        .zero(BASE + first * PAGE, count * PAGE));
                zeroModel(chosen, first, i);
                return;
            }
        }
        chosen.process().guestMemory().zero(BASE + first * PAGE, count * PAGE);
        zeroModel(chosen, first, first + count);
        store(chosen, first, value);
    }

    private static void zeroModel(Modelled chosen, int from, int to) {
        for (int i = from; i < to; i++) {
            chosen.pages()[i].cell().value = 0;
        }
    }

    private static FaultOutcome expected(Page page, AccessType access) {
        if (page == null) {
            return FaultOutcome.SEGV_MAPERR;
        }
        boolean allowed =
                access == AccessType.READ
                        ? page.prot() != 0
                        : (page.prot() & AccessType.PROT_WRITE) != 0;
        return allowed ? null : FaultOutcome.SEGV_ACCERR;
    }

    private static void checkAll(Modelled chosen) {
        for (int i = 0; i < PAGES; i++) {
            Page page = chosen.pages()[i];
            long address = BASE + i * PAGE + BYTE;
            FaultOutcome outcome = null;
            int value = -1;
            try {
                value = chosen.process().load(address);
            } catch (TestProcess.Killed e) {
                outcome = e.outcome();
            }
            assertEquals(expected(page, AccessType.READ), outcome, "page " + i);
            if (outcome == null) {
                assertEquals(page.cell().value, value, "page " + i);
                assertEquals(value, chosen.process().guestMemory().readByte(address));
            }
        }
    }
}
