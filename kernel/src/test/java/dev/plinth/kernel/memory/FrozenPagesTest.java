package dev.plinth.kernel.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.TreeMap;

@Timeout(60)
final class FrozenPagesTest {
    private static final long PAGE = 4096;
    private static final int PAGES = 200;
    private static final long MIB = 1 << 20;

    private final LeakCheck before = LeakCheck.now();
    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 64 * MIB, MIB);
    private long run;

    @BeforeEach
    void fill() {
        // Not from the file's beginning on.
        long first = memory.allocate(3 * PAGE);
        run = memory.allocate(PAGES * PAGE);
        memory.release(first, 3 * PAGE);
        for (int i = 0; i < PAGES; i++) {
            set(i, i % 100 + 1);
        }
    }

    @AfterEach
    void nothingIsLeft() {
        memory.release(run, PAGES * PAGE);
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
        before.assertNothingNew();
    }

    private void set(int page, int value) {
        memory.slice(run + page * PAGE, PAGE).fill((byte) value);
    }

    private MemorySnapshot frozen() {
        MemorySnapshot snapshot = new MemorySnapshot(memory);
        snapshot.add(run, PAGES * PAGE);
        snapshot.freeze();
        return snapshot;
    }

    private Map<Long, Byte> written(MemorySnapshot snapshot) throws IOException {
        Map<Long, Byte> pages = new TreeMap<>();
        snapshot.writeTo((page, content) -> {
            for (long i = 0; i < content.byteSize() / PAGE; i++) {
                byte value = content.get(ValueLayout.JAVA_BYTE, i * PAGE);
                assertEquals(value, content.get(ValueLayout.JAVA_BYTE, i * PAGE + 4095));
                assertEquals(null, pages.put(page + i - run / PAGE, value));
            }
        });
        return pages;
    }

    private static Map<Long, Byte> all() {
        Map<Long, Byte> pages = new TreeMap<>();
        for (long i = 0; i < PAGES; i++) {
            pages.put(i, (byte) (i % 100 + 1));
        }
        return pages;
    }

    @Test
    void pagesAreReadAsTheyWereWhetherTheyWereWrittenToOrNot() throws IOException {
        try (MemorySnapshot snapshot = frozen()) {
            for (int i = 0; i < PAGES; i += 7) {
                set(i, 111);
            }
            set(0, 112);
            memory.slice(run + 50 * PAGE, 40 * PAGE).fill((byte) 113);
            assertEquals(all(), written(snapshot));
            assertFalse(memory.isFrozen(run, PAGES * PAGE));
        }
        assertEquals(113, memory.content(run + 60 * PAGE, 1).get(ValueLayout.JAVA_BYTE, 0));
    }

    @Test
    void whatTheHostWritesIsCopiedAsideToo() throws IOException {
        try (MemorySnapshot snapshot = frozen();
                Arena arena = Arena.ofConfined()) {
            memory.write(run + 10, arena.allocate(9 * PAGE, PAGE));
            assertEquals(all(), written(snapshot));
        }
        MemorySegment changed = memory.content(run + 10, 9 * PAGE);
        assertEquals(0, changed.get(ValueLayout.JAVA_BYTE, 9 * PAGE - 1));
    }

    @Test
    void pagesThatAreGivenUpAndReplacedStayWhatTheyWere() throws IOException {
        try (MemorySnapshot snapshot = frozen()) {
            memory.release(run, PAGES * PAGE);
            // There is room for those at the limit, and none of them is a frozen one.
            run = memory.allocate(PAGES * PAGE);
            memory.slice(run, PAGES * PAGE).fill((byte) 5);
            long frozenRun = snapshot.saveState().getInPlace(0).getFirstPage() * PAGE;
            long replaced = run;
            run = frozenRun;
            assertEquals(all(), written(snapshot));
            run = replaced;
        }
        assertEquals(PAGES * PAGE, memory.statistics().allocatedBytes());
        assertThrows(ErrnoException.class, () -> memory.allocate(MIB));
    }

    @Test
    void aSnapshotThatIsNeverWrittenGivesAllBack() {
        try (MemorySnapshot snapshot = frozen()) {
            set(5, 1);
            assertFalse(memory.isFrozen(run + 5 * PAGE, PAGE));
            assertTrue(memory.isFrozen(run + 5 * PAGE, 2 * PAGE));
            assertEquals(PAGES, snapshot.pages());
        }
        assertFalse(memory.isFrozen(run, PAGES * PAGE));
        frozen().close();
    }

    @Test
    void whatIsOnlyReadIsNotCopied() {
        try (MemorySnapshot _ = frozen()) {
            MemorySegment content = memory.content(run, PAGES * PAGE);
            assertEquals(1, content.get(ValueLayout.JAVA_BYTE, 0));
            assertTrue(content.isReadOnly());
            for (int i = 0; i < PAGES; i++) {
                assertTrue(memory.isFrozen(run + i * PAGE, PAGE));
            }
        }
    }
}
