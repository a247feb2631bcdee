package dev.plinth.kernel.mm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.memory.AccessType;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

final class VmaSetTest {
    private static final long PAGE = 4096;
    private static final long LOWEST = 16 * PAGE;
    private static final long LIMIT = 2000 * PAGE;

    private final VmaSet vmas = new VmaSet();

    @Test
    void theHighestHoleIsFoundWhateverWasSearchedBefore() {
        SplittableRandom random = new SplittableRandom(5);
        List<Vma> present = new ArrayList<>();
        for (int step = 0; step < 20_000; step++) {
            long length = (1L + random.nextInt(random.nextInt(40) + 1)) * PAGE;
            long found = vmas.findTopDown(length, LOWEST, LIMIT);
            assertEquals(highestHole(length), found);
            if (found >= 0 && random.nextInt(5) > 1) {
                int flags = random.nextInt(20) == 0 ? Vma.GROWS_DOWN : 0;
                Vma vma = area(found, length, flags);
                vmas.insert(vma);
                present.add(vma);
            } else if (!present.isEmpty()) {
                Vma gone = present.remove(random.nextInt(present.size()));
                vmas.remove(gone, new VmaSet.Dropped());
            }
        }
    }

    private long highestHole(long length) {
        long end = LIMIT;
        for (Vma vma : List.copyOf(vmas.all()).reversed()) {
            if (end - vma.end() >= length) {
                return end - length;
            }
            end = vma.startWithGap();
        }
        return end - LOWEST >= length ? end - length : -1;
    }

    @Test
    void splittingAndMergingCountTheSamePages() {
        vmas.insert(area(LOWEST, 10 * PAGE, 0));
        vmas.splitAt(LOWEST + PAGE);
        vmas.splitAt(LOWEST + 5 * PAGE);
        assertEquals(3, vmas.size());
        assertEquals(10, vmas.dataPages());
        vmas.merge(LOWEST, LOWEST + 10 * PAGE, new VmaSet.Dropped());
        assertEquals(1, vmas.size());
        assertEquals(10, vmas.totalPages());
    }

    @Test
    void aHoleFromBelowKeepsItsDistanceFromAStack() {
        vmas.insert(area(LOWEST + 300 * PAGE, PAGE, Vma.GROWS_DOWN));
        assertEquals(LOWEST, vmas.findBottomUp(44 * PAGE, LOWEST, LIMIT));
        assertEquals(LOWEST + 301 * PAGE, vmas.findBottomUp(45 * PAGE, LOWEST, LIMIT));
        assertEquals(-1, vmas.findBottomUp(LIMIT, LOWEST, LIMIT));
    }

    private static Vma area(long start, long length, int flags) {
        return Vma.anonymous(
                start, start + length, AccessType.READ_WRITE, AccessType.READ_WRITE_EXECUTE, flags);
    }
}
