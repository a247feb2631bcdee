package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_MAYMOVE;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.memory.MemoryFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A memory manager whose platform is replaced. */
@Timeout(60)
final class ReplacedAddressSpaceTest {
    private static final int RW = AccessType.PROT_READ | AccessType.PROT_WRITE;
    private static final int ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
    private static final long PAGE = 4096;
    private static final long BASE = 0x1000_0000L;

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 1L << 30, 256 << 20);
    private final TestProcess process = TestProcess.create(memory);
    private final MemoryManager mm = process.manager();

    @AfterEach
    void closingLeavesNoPage() {
        process.close();
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
    }

    @Test
    void memoryIsMappedAgainWhenItIsTouched() {
        mm.mmap(BASE, 1024 * PAGE, RW, ANONYMOUS);
        process.store(BASE, 1);
        process.store(BASE + 1000 * PAGE, 2);
        FakeAddressSpace old = process.addressSpace();
        long allocated = memory.statistics().allocatedBytes();
        long resident = mm.usage().resident();

        process.replaceAddressSpace();

        assertTrue(old.isClosed());
        assertEquals(0, process.addressSpace().mappedPages());
        assertEquals(1, process.load(BASE));
        assertEquals(0, process.faultsOf(BASE + PAGE, AccessType.WRITE));
        assertEquals(1, process.faultsOf(BASE + 1000 * PAGE, AccessType.WRITE));
        assertEquals(2, process.load(BASE + 1000 * PAGE));
        assertEquals(allocated, memory.statistics().allocatedBytes());
        assertEquals(resident, mm.usage().resident());
    }

    @Test
    void systemCallsFindTheMemory() {
        mm.mmap(BASE, 4 * PAGE, RW, ANONYMOUS);
        mm.guestMemory().writeLong(BASE + PAGE - 4, 0x1234_5678_9abc_def0L);
        process.replaceAddressSpace();
        assertEquals(0x1234_5678_9abc_def0L, mm.guestMemory().readLong(BASE + PAGE - 4));
        mm.guestMemory().writeInt(BASE, 7);
        assertEquals(7, process.load(BASE));
    }

    @Test
    void copiesOnWriteStayApart() {
        mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        process.store(BASE, 1);
        try (TestProcess child = process.fork()) {
            process.replaceAddressSpace();
            child.replaceAddressSpace();
            child.store(BASE, 2);
            assertEquals(1, process.load(BASE));
            process.store(BASE, 3);
            assertEquals(2, child.load(BASE));
            try (TestProcess grandchild = child.fork()) {
                grandchild.replaceAddressSpace();
                assertEquals(2, grandchild.load(BASE));
            }
        }
    }

    @Test
    void aForkBeforeTheFirstTouchHasTheMemory() {
        mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        process.store(BASE, 1);
        process.replaceAddressSpace();
        try (TestProcess child = process.fork()) {
            process.store(BASE, 2);
            assertEquals(1, child.load(BASE));
        }
    }

    @Test
    void protectionsAndSharedMemoryStay() {
        mm.mmap(BASE, 2 * PAGE, RW, ANONYMOUS);
        mm.mprotect(BASE, PAGE, 0);
        long shared = mm.mmap(0, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        process.store(shared, 5);
        process.replaceAddressSpace();
        MemoryManagerTest.assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.load(BASE));
        mm.mprotect(BASE, PAGE, AccessType.PROT_READ);
        assertEquals(0, process.load(BASE));
        MemoryManagerTest.assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.store(BASE, 1));
        assertEquals(5, process.load(shared));
    }

    @Test
    void mappingsChangeBeforeTheyAreTouched() {
        mm.mmap(BASE, 8 * PAGE, RW, ANONYMOUS);
        process.store(BASE + 2 * PAGE, 3);
        process.replaceAddressSpace();
        mm.munmap(BASE, PAGE);
        long moved =
                mm.mremap(
                        BASE + 2 * PAGE,
                        PAGE,
                        PAGE,
                        MREMAP_MAYMOVE | MREMAP_FIXED,
                        BASE + 100 * PAGE);
        assertEquals(3, process.load(moved));
        MemoryManagerTest.assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.load(BASE));
    }

    @Test
    void betweenTwoNothingCanBeTouchedAndAllCanBeClosed() {
        mm.mmap(BASE, PAGE, RW, ANONYMOUS);
        assertThrows(
                IllegalStateException.class, () -> mm.takeAddressSpace(new FakeAddressSpace()));
        mm.giveUpAddressSpace();
        assertThrows(IllegalStateException.class, () -> mm.guestMemory().readByte(BASE));
    }
}
