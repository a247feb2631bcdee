package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MADV_DONTFORK;
import static dev.plinth.kernel.mm.linux.Mman.MADV_WIPEONFORK;
import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.memory.MemoryFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.List;

@Timeout(60)
final class ForkTest {
    private static final int RW = AccessType.PROT_READ | AccessType.PROT_WRITE;
    private static final int ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
    private static final long PAGE = 4096;
    private static final long BASE = 0x1000_0000L;

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 1L << 30, 256 << 20);
    private final TestProcess parent = TestProcess.create(memory);
    private final MemoryManager mm = parent.manager();

    @AfterEach
    void closingLeavesNoPage() {
        parent.close();
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
    }

    @Test
    void writesOfEitherSideStayThere() {
        long address = mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        parent.store(address, 1);
        parent.store(address + 40 * PAGE, 2);
        try (TestProcess child = parent.fork()) {
            assertEquals(1, child.load(address));
            child.store(address, 10);
            parent.store(address + 40 * PAGE, 20);
            assertEquals(1, parent.load(address));
            assertEquals(2, child.load(address + 40 * PAGE));
            assertEquals(10, child.load(address));
            assertEquals(20, parent.load(address + 40 * PAGE));
        }
        assertEquals(1, parent.load(address));
    }

    @Test
    void writesStayThereAlsoAfterAForkThatTheHostRefused() {
        mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        // Unlike the gap between them, the areas have pages: each needs a change of its own.
        long other = mm.mmap(BASE + 100 * PAGE, 64 * PAGE, RW, ANONYMOUS);
        for (int changes = 0; changes < 2; changes++) {
            parent.store(BASE, 1);
            parent.store(other, 2);
            parent.addressSpace().refuseAfter(changes);
            assertThrows(HostCallException.class, parent::fork);
        }
        try (TestProcess child = parent.fork()) {
            parent.store(BASE, 3);
            parent.store(other, 4);
            assertEquals(1, child.load(BASE));
            assertEquals(2, child.load(other));
            assertEquals(3, parent.load(BASE));
            assertEquals(4, parent.load(other));
        }
    }

    @Test
    void memoryIsThereAfterTheHostRefusedToProtectIt() {
        mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        parent.store(BASE + PAGE, 1);
        mm.mprotect(BASE, PAGE, 0);
        parent.store(BASE + 2 * PAGE, 2);
        parent.addressSpace().refuseAfter(0);
        assertThrows(HostCallException.class, () -> mm.mprotect(BASE, 3 * PAGE, 0));
        mm.mprotect(BASE, 3 * PAGE, RW);
        assertEquals(1, parent.load(BASE + PAGE));
        assertEquals(2, parent.load(BASE + 2 * PAGE));
    }

    @Test
    void writesBySystemCallsStayThereToo() {
        long address = mm.mmap(BASE, 2 * PAGE, RW, ANONYMOUS);
        try (TestProcess child = parent.fork()) {
            child.guestMemory().writeLong(address + PAGE - 4, -1);
            assertEquals(0, parent.guestMemory().readLong(address + PAGE - 4));
            assertEquals(-1, child.guestMemory().readLong(address + PAGE - 4));
        }
    }

    @Test
    void onlyWhatIsWrittenIsCopied() {
        long address = mm.mmap(BASE, 512 * PAGE, RW, ANONYMOUS);
        parent.store(address, 1);
        long before = memory.statistics().allocatedBytes();
        try (TestProcess child = parent.fork()) {
            child.store(address + 100 * PAGE, 1);
            long copied = memory.statistics().allocatedBytes() - before;
            assertTrue(copied <= 16 * PAGE, "copied " + copied);
        }
        assertEquals(before, memory.statistics().allocatedBytes());
    }

    @Test
    void aParentWhoseChildIsGoneWritesWithoutACopy() {
        long address = mm.mmap(BASE, 512 * PAGE, RW, ANONYMOUS);
        parent.store(address, 1);
        parent.fork().close();
        long before = memory.statistics().peakBytes();
        assertEquals(1, parent.faultsOf(address, AccessType.WRITE));
        assertEquals(0, parent.faultsOf(address + 511 * PAGE, AccessType.WRITE));
        assertEquals(before, memory.statistics().peakBytes());
    }

    @Test
    void smallAreasAndThoseAboutToBeWrittenAreCopiedAtOnce() {
        long small = mm.mmap(BASE, 4 * PAGE, RW, ANONYMOUS);
        long large = mm.mmap(BASE + 1024 * PAGE, 512 * PAGE, RW, ANONYMOUS);
        parent.store(small, 1);
        parent.store(large + 100 * PAGE, 2);
        try (TestProcess child = parent.fork(new ForkHints(true, List.of(large + 100 * PAGE)))) {
            for (TestProcess each : List.of(parent, child)) {
                assertEquals(0, each.faultsOf(small, AccessType.WRITE));
                assertEquals(0, each.faultsOf(large + 100 * PAGE, AccessType.WRITE));
                assertEquals(1, each.faultsOf(large + 200 * PAGE, AccessType.WRITE));
                assertEquals(1, each.load(small));
                assertEquals(2, each.load(large + 100 * PAGE));
            }
            child.store(small, 10);
            parent.store(large + 100 * PAGE, 20);
            assertEquals(1, parent.load(small));
            assertEquals(2, child.load(large + 100 * PAGE));
        }
    }

    @Test
    void forkingTakesFewCallsAndNoFaultsForReading() {
        mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        mm.mprotect(BASE, PAGE, 0);
        int calls = parent.addressSpace().protectCalls();
        try (TestProcess child = parent.fork()) {
            assertEquals(calls + 1, parent.addressSpace().protectCalls());
            assertEquals(1, child.addressSpace().mapCalls());
            assertEquals(0, child.faultsOf(BASE + 63 * PAGE, AccessType.READ));
            MemoryManagerTest.assertKilled(FaultOutcome.SEGV_ACCERR, () -> child.load(BASE));
        }
    }

    @Test
    void sharedMemoryStaysSharedAfterTheParentIsGone() {
        long address = mm.mmap(BASE, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        try (TestProcess child = parent.fork()) {
            parent.store(address + PAGE, 3);
            assertEquals(3, child.load(address + PAGE));
            child.store(address, 4);
            assertEquals(4, parent.load(address));
            parent.close();
            assertEquals(3, child.load(address + PAGE));
        }
    }

    @Test
    void grandchildrenSeeWhatWasAtTheirFork() {
        long address = mm.mmap(BASE, PAGE, RW, ANONYMOUS);
        parent.store(address, 1);
        TestProcess child = parent.fork();
        child.store(address, 2);
        try (TestProcess grandchild = child.fork()) {
            child.store(address, 3);
            child.close();
            parent.store(address, 4);
            assertEquals(2, grandchild.load(address));
            grandchild.store(address, 5);
            assertEquals(4, parent.load(address));
        }
    }

    @Test
    void adviceOnForkIsTaken() {
        long address = mm.mmap(BASE, 3 * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 3; i++) {
            parent.store(address + i * PAGE, 7);
        }
        mm.madvise(address, PAGE, MADV_DONTFORK);
        mm.madvise(address + PAGE, PAGE, MADV_WIPEONFORK);
        mm.mlock(address + 2 * PAGE, PAGE, 0);
        try (TestProcess child = parent.fork()) {
            MemoryManagerTest.assertKilled(FaultOutcome.SEGV_MAPERR, () -> child.load(address));
            assertEquals(0, child.load(address + PAGE));
            assertEquals(7, child.load(address + 2 * PAGE));
            assertEquals(0, child.manager().usage().locked());
        }
    }

    @Test
    void theBreakIsInherited() {
        mm.setBrkStart(BASE);
        mm.brk(BASE + PAGE);
        try (TestProcess child = parent.fork()) {
            assertEquals(BASE + 2 * PAGE, child.manager().brk(BASE + 2 * PAGE));
            assertEquals(BASE + PAGE, mm.brk(0));
        }
    }

    @Test
    void aFileIsKnownToBothSides() {
        try (FakeFile file = new FakeFile(memory, 4 * PAGE)) {
            file.put(2 * PAGE, 5);
            long address = mm.mmap(BASE, 4 * PAGE, RW, MAP_PRIVATE, file, 0);
            assertEquals(5, parent.load(address + 2 * PAGE));
            parent.store(address + 3 * PAGE, 6);
            try (TestProcess child = parent.fork()) {
                assertEquals(2, file.references());
                assertEquals(0, child.faultsOf(address + 2 * PAGE, AccessType.READ));
                file.truncate(PAGE);
                MemoryManagerTest.assertKilled(
                        FaultOutcome.BUS_ADRERR, () -> child.load(address + 3 * PAGE));
                MemoryManagerTest.assertKilled(
                        FaultOutcome.BUS_ADRERR, () -> parent.load(address + 2 * PAGE));
            }
            assertEquals(1, file.references());
            mm.munmap(address, 4 * PAGE);
            assertEquals(0, file.mappings());
        }
    }

    @Test
    void whatIsInvalidatedWhileAForkIsMadeIsGoneInTheChild() {
        FakeAddressSpace space = new FakeAddressSpace();
        Pager pager = new Pager(memory, new FakeAddressSpace());
        Pager child = Pager.forming(memory, space);
        Vma vma =
                Vma.anonymous(
                        BASE,
                        BASE + 2 * PAGE,
                        AccessType.READ_WRITE,
                        AccessType.READ_WRITE_EXECUTE,
                        0);
        pager.populate(vma, BASE, BASE + 2 * PAGE, AccessType.WRITE);
        child.invalidate(new AddressRange(BASE, BASE + PAGE), true);
        pager.copyInto(child, java.util.List.of(vma), ForkHints.NONE);
        assertEquals(1, space.mappedPages());
        child.close();
        pager.close();
    }
}
