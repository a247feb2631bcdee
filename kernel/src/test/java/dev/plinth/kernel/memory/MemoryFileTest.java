package dev.plinth.kernel.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

@Timeout(60)
final class MemoryFileTest {
    private static final long SYS_FSTAT = 5;
    private static final long SYS_FTRUNCATE = 77;
    private static final int STAT_BYTES = 144;
    private static final int STAT_BLOCKS = 64;
    private static final long MIB = 1 << 20;

    private final JnaHostKernel host = new JnaHostKernel();
    private final MemoryFile memory = MemoryFile.create(host, 64 * MIB, 32 * MIB);

    @AfterEach
    void closeWithNothingAllocated() {
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
        memory.close();
    }

    @Test
    void allocatesInTheLowestPlaceThatFits() {
        long first = memory.allocate(4096);
        long second = memory.allocate(65536);
        long third = memory.allocate(4096);
        assertEquals(0, first);
        assertEquals(4096, second);
        assertEquals(4096 + 65536, third);
        memory.release(second, 65536);
        assertEquals(second, memory.allocate(8192));
        memory.release(0, 4096 + 8192);
        memory.release(third, 4096);
    }

    @Test
    void alignsARunAsAsked() {
        long page = memory.allocate(4096);
        long run = memory.allocate(8192, 65536);
        long chunk = memory.allocate(2 * MIB, 2 * MIB);
        assertEquals(65536, run);
        assertEquals(2 * MIB, chunk);
        memory.release(page, 4096);
        memory.release(run, 8192);
        memory.release(chunk, 2 * MIB);
    }

    @Test
    void runsLongerThanAChunkAreContiguous() {
        long page = memory.allocate(4096);
        long run = memory.allocate(5 * MIB);
        assertEquals(2 * MIB, run);
        long behind = memory.allocate(512 << 10);
        assertEquals(4096, behind);
        memory.slice(run, 5 * MIB).fill((byte) 7);
        memory.release(run, 5 * MIB);
        memory.release(page, 4096);
        memory.release(behind, 512 << 10);
    }

    @Test
    void whatIsAllocatedAgainReadsAsZero() {
        for (long length : new long[] {4096, 16 * 4096, 17 * 4096, 3 * MIB}) {
            long run = memory.allocate(length);
            memory.slice(run, length).fill((byte) 0x5a);
            memory.release(run, length);
            long again = memory.allocate(length);
            assertEquals(run, again);
            assertEquals(-1, firstNonZero(again, length), "length " + length);
            memory.release(again, length);
        }
    }

    @Test
    void aRunOverRecycledAndFreshPagesReadsAsZero() {
        long run = memory.allocate(8 * 4096);
        memory.slice(run, 8 * 4096).fill((byte) 1);
        memory.release(run + 4096, 4096);
        memory.release(run + 3 * 4096, 4096);
        memory.release(run, 4096);
        memory.release(run + 2 * 4096, 4096);
        memory.release(run + 4 * 4096, 4 * 4096);
        long again = memory.allocate(32 * 4096);
        assertEquals(run, again);
        assertEquals(-1, firstNonZero(again, 32 * 4096));
        memory.release(again, 32 * 4096);
    }

    @Test
    void memoryOfLongRunsGoesBackToTheHost() {
        long run = memory.allocate(16 * MIB);
        memory.slice(run, 16 * MIB).fill((byte) 1);
        assertTrue(hostBytes() >= 16 * MIB);
        memory.release(run, 16 * MIB);
        assertEquals(0, hostBytes());
    }

    @Test
    void recycledMemoryIsBounded() {
        List<Long> pages = new ArrayList<>();
        for (int i = 0; i < 4096; i++) {
            long page = memory.allocate(4096);
            memory.slice(page, 4096).fill((byte) 1);
            pages.add(page);
        }
        pages.forEach(page -> memory.release(page, 4096));
        assertEquals(4 * MIB, memory.statistics().recycledBytes());
        assertEquals(4 * MIB, hostBytes());
    }

    @Test
    void aPageLivesUntilItsLastReferenceIsGone() {
        long run = memory.allocate(3 * 4096);
        memory.slice(run, 3 * 4096).fill((byte) 9);
        assertTrue(memory.isExclusive(run, 3 * 4096));
        memory.retain(run + 4096, 4096);
        assertFalse(memory.isExclusive(run, 3 * 4096));
        memory.release(run, 3 * 4096);
        assertEquals(4096, memory.statistics().allocatedBytes());
        assertEquals(9, memory.view().get(ValueLayout.JAVA_BYTE, run + 4096));
        assertTrue(memory.isExclusive(run + 4096, 4096));
        memory.release(run + 4096, 4096);
    }

    @Test
    void givingUpAReferenceTwiceIsAMistake() {
        long page = memory.allocate(4096);
        memory.release(page, 4096);
        assertThrows(IllegalStateException.class, () -> memory.release(page, 4096));
        assertThrows(IllegalStateException.class, () -> memory.retain(page, 4096));
        assertThrows(IllegalArgumentException.class, () -> memory.release(1, 4096));
        assertThrows(IllegalArgumentException.class, () -> memory.release(64 * MIB, 4096));
        assertThrows(IllegalArgumentException.class, () -> memory.allocate(0));
        assertThrows(IllegalArgumentException.class, () -> memory.allocate(4097));
    }

    @Test
    void theLimitIsOutOfMemoryForTheGuest() {
        long run = memory.allocate(32 * MIB);
        ErrnoException e = assertThrows(ErrnoException.class, () -> memory.allocate(4096));
        assertEquals(Errno.ENOMEM, e.errno());
        memory.release(run, 4096);
        memory.release(memory.allocate(4096), 4096);
        memory.release(run + 4096, 32 * MIB - 4096);
        assertThrows(ErrnoException.class, () -> memory.allocate(1L << 40));
    }

    @Test
    void theFileCannotBeTruncated() {
        assertEquals(
                -Errno.EPERM.number(), host.syscall(SYS_FTRUNCATE, memory.file().number(), 4096));
    }

    @Test
    void randomUseNeverHandsOutAPageTwiceOrUncleared() {
        SplittableRandom random = new SplittableRandom(42);
        int[] references = new int[(int) (64 * MIB / Pages.SIZE)];
        List<long[]> runs = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            int action = random.nextInt(10);
            if (action < 4 || runs.isEmpty()) {
                long pages = 1L << random.nextInt(random.nextInt(11) + 1);
                pages += random.nextLong(pages);
                long run;
                try {
                    run = memory.allocate(pages * 4096, 4096L << random.nextInt(10));
                } catch (ErrnoException e) {
                    continue;
                }
                for (long page = run / 4096; page < run / 4096 + pages; page++) {
                    assertEquals(0, references[(int) page]);
                    references[(int) page] = 1;
                    assertEquals(0, memory.view().get(ValueLayout.JAVA_INT, page * 4096));
                    memory.view().set(ValueLayout.JAVA_INT, page * 4096, step + 1);
                }
                runs.add(new long[] {run, pages * 4096});
            } else if (action < 6) {
                long[] run = runs.get(random.nextInt(runs.size()));
                memory.retain(run[0], run[1]);
                for (long page = run[0]; page < run[0] + run[1]; page += 4096) {
                    references[(int) (page / 4096)]++;
                }
                runs.add(run.clone());
            } else {
                int which = random.nextInt(runs.size());
                long[] run = runs.get(which);
                runs.set(which, runs.getLast());
                runs.removeLast();
                long split = random.nextLong(run[1] / 4096 + 1) * 4096;
                if (split > 0) {
                    memory.release(run[0], split);
                }
                if (split < run[1]) {
                    memory.release(run[0] + split, run[1] - split);
                }
                for (long page = run[0]; page < run[0] + run[1]; page += 4096) {
                    references[(int) (page / 4096)]--;
                }
            }
            if (step % 1000 == 0) {
                long used = 0;
                for (int count : references) {
                    used += count > 0 ? 4096 : 0;
                }
                assertEquals(used, memory.statistics().allocatedBytes());
            }
        }
        runs.forEach(run -> memory.release(run[0], run[1]));
    }

    @Test
    void threadsNeverShareAPage() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> results = new ArrayList<>();
            for (int t = 1; t <= 4; t++) {
                int mark = t;
                results.add(threads.submit(() -> allocateAndCheck(mark)));
            }
            for (Future<?> result : results) {
                result.get();
            }
        }
    }

    private void allocateAndCheck(int mark) {
        SplittableRandom random = new SplittableRandom(mark);
        for (int i = 0; i < 3_000; i++) {
            long length = (1L + random.nextInt(40)) * 4096;
            long run = memory.allocate(length);
            MemorySegment slice = memory.slice(run, length);
            assertEquals(-1, firstNonZero(run, length));
            slice.fill((byte) mark);
            for (long at = 0; at < length; at += 4096) {
                assertEquals(mark, slice.get(ValueLayout.JAVA_BYTE, at));
            }
            memory.release(run, length);
        }
    }

    private long firstNonZero(long offset, long length) {
        return memory.slice(offset, length).mismatch(MemorySegment.ofArray(new byte[(int) length]));
    }

    private long hostBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(STAT_BYTES, 8);
            host.require("fstat", SYS_FSTAT, memory.file().number(), stat.address());
            return stat.get(ValueLayout.JAVA_LONG, STAT_BLOCKS) * 512;
        }
    }
}
