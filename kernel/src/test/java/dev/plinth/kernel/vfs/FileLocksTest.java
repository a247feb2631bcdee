package dev.plinth.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;
import java.util.Random;

final class FileLocksTest {
    private static final int BYTES = 40;

    private final FileLocks locks = new FileLocks();
    private final List<Object> owners = List.of(new Object(), new Object(), new Object());

    private static RecordLock lock(Object owner, boolean exclusive, long first, long last) {
        return new RecordLock(owner, 1, exclusive, first, last);
    }

    /** Each byte apart, for each owner: 0 for no lock, 1 for a shared one, 2 for an exclusive. */
    private final int[][] model = new int[3][BYTES];

    private boolean modelAllows(int owner, boolean exclusive, int first, int last) {
        for (int other = 0; other < model.length; other++) {
            for (int at = first; at <= last && other != owner; at++) {
                if (model[other][at] == 2 || (exclusive && model[other][at] == 1)) {
                    return false;
                }
            }
        }
        return true;
    }

    private void requireLikeModel() {
        int[][] found = new int[3][BYTES];
        List<RecordLock> all = locks.records();
        for (RecordLock lock : all) {
            int[] row = found[owners.indexOf(lock.owner())];
            for (int at = (int) lock.first(); at <= lock.last(); at++) {
                assertEquals(0, row[at], "locks of one owner overlap");
                row[at] = lock.exclusive() ? 2 : 1;
            }
        }
        for (int owner = 0; owner < model.length; owner++) {
            assertEquals(new String(model[owner], 0, BYTES), new String(found[owner], 0, BYTES));
        }
    }

    @Test
    void locksAreAsIfEachByteHadItsOwn() {
        Random random = new Random(42);
        for (int step = 0; step < 5000; step++) {
            int owner = random.nextInt(3);
            int first = random.nextInt(BYTES);
            int last = first + random.nextInt(BYTES - first);
            int kind = random.nextInt(3);
            RecordLock wanted = lock(owners.get(owner), kind == 2, first, last);
            if (kind == 0) {
                locks.clear(wanted);
            } else {
                boolean set = locks.set(wanted).isEmpty();
                assertEquals(modelAllows(owner, kind == 2, first, last), set);
                if (!set) {
                    continue;
                }
            }
            for (int at = first; at <= last; at++) {
                model[owner][at] = kind;
            }
            requireLikeModel();
        }
    }

    @Test
    void locksOfOneOwnerSideBySideAreOne() {
        Object owner = owners.getFirst();
        locks.set(lock(owner, true, 0, 9));
        locks.set(lock(owner, true, 20, Long.MAX_VALUE));
        locks.set(lock(owner, true, 10, 19));
        assertEquals(List.of(lock(owner, true, 0, Long.MAX_VALUE)), locks.records());
    }

    @Test
    void aClosedDescriptorGivesUpTheLocksOfItsTableAlone() {
        locks.set(lock(owners.get(0), false, 0, 9));
        locks.set(lock(owners.get(1), false, 0, 9));
        locks.descriptorClosed(owners.get(0));
        assertEquals(List.of(lock(owners.get(1), false, 0, 9)), locks.records());
        assertEquals(
                Optional.of(lock(owners.get(1), false, 0, 9)),
                locks.conflict(lock(owners.get(2), true, 9, 9)));
        assertTrue(locks.conflict(lock(owners.get(2), true, 10, 10)).isEmpty());
    }

    @Test
    void aCircleOfWaitersIsRefused() {
        LockWaits waits = new LockWaits();
        RecordLock a = lock(owners.get(0), true, 0, 0);
        RecordLock b = lock(owners.get(1), true, 1, 1);
        RecordLock c = lock(owners.get(2), true, 2, 2);
        RecordLock aWantsB = lock(owners.get(0), true, 1, 1);
        RecordLock bWantsC = lock(owners.get(1), true, 2, 2);
        RecordLock cWantsA = lock(owners.get(2), true, 0, 0);
        waits.begin(aWantsB, b);
        waits.begin(bWantsC, c);
        ErrnoException refused = assertThrows(ErrnoException.class, () -> waits.begin(cWantsA, a));
        assertEquals(Errno.EDEADLK, refused.errno());
        waits.end(aWantsB);
        waits.begin(cWantsA, a);
        waits.end(bWantsC);
        assertFalse(a.isOfOpenFile());
    }
}
