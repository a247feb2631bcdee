package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_GROWSDOWN;
import static dev.plinth.kernel.mm.linux.Mman.MAP_NORESERVE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_POPULATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_MAYMOVE;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.memory.MemoryFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

import java.util.List;

@Timeout(60)
final class MemoryManagerTest {
    private static final int NONE = 0;
    private static final int R = AccessType.PROT_READ;
    private static final int RW = AccessType.PROT_READ | AccessType.PROT_WRITE;
    private static final int RX = AccessType.PROT_READ | AccessType.PROT_EXEC;
    private static final int ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
    private static final int SHARED = MAP_SHARED | MAP_ANONYMOUS;
    private static final long PAGE = 4096;
    private static final long MIB = 1 << 20;
    private static final long BASE = 0x1000_0000L;

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 8L << 30, 256 * MIB);
    private final FakeLimits limits = new FakeLimits();
    private final TestProcess process = TestProcess.create(memory, limits);
    private final MemoryManager mm = process.manager();

    @AfterEach
    void closingLeavesNoPage() {
        process.close();
        process.close();
        assertTrue(process.addressSpace().isClosed());
        assertEquals(List.of(), mm.mappings());
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
    }

    @Test
    void anonymousMemoryReadsAsZeroAndKeepsWhatIsWritten() {
        long address = mm.mmap(0, 3 * PAGE, RW, ANONYMOUS);
        assertEquals(0, process.load(address));
        process.store(address + 2 * PAGE, 7);
        assertEquals(7, process.load(address + 2 * PAGE));
        assertEquals(7, process.guestMemory().readByte(address + 2 * PAGE));
    }

    @Test
    void mappingsGoWhereLinuxPutsThem() {
        // As observed with setarch -R on Linux 6.18, whose [vvar] begins at the first address.
        mm.mmap(0x7ffff7ff7000L, 0x8000, R, ANONYMOUS | MAP_FIXED);
        assertEquals(0x7ffff7ff6000L, mm.mmap(0, PAGE, RW, ANONYMOUS));
        assertEquals(0x7ffff7c00000L, mm.mmap(0, 2 * MIB, RW, ANONYMOUS));
        assertEquals(0x7ffff7900000L, mm.mmap(0, 3 * MIB, RW, ANONYMOUS));
        assertEquals(0x7ffff7400000L, mm.mmap(0, 4 * MIB, RW, ANONYMOUS));
        assertEquals(0x40000000L, mm.mmap(0, PAGE, RW, ANONYMOUS | 0x40));
    }

    @Test
    void aHintIsTakenWhereThereIsRoom() {
        assertEquals(BASE, mm.mmap(BASE + 123, PAGE, RW, ANONYMOUS));
        assertNotEquals(BASE, mm.mmap(BASE, PAGE, RW, ANONYMOUS));
        assertEquals(0x1_0000, mm.mmap(1234 * 8, PAGE, RW, ANONYMOUS));
        assertNotEquals(-4096, mm.mmap(-4096, PAGE, RW, ANONYMOUS));
    }

    @Test
    void smallMappingsTakeNoFaultAndOneCall() {
        long address = mm.mmap(0, 2 * MIB, RW, ANONYMOUS);
        assertEquals(1, process.addressSpace().mapCalls());
        assertEquals(0, process.faultsOf(address, AccessType.WRITE));
        assertEquals(0, process.faultsOf(address + 2 * MIB - 1, AccessType.WRITE));
    }

    @Test
    void aLargeMappingTakesMemoryOnlyWhereItIsTouched() {
        long address = mm.mmap(0, 4L << 30, RW, ANONYMOUS | MAP_NORESERVE);
        assertEquals(0, memory.statistics().allocatedBytes());
        assertEquals(1, process.faultsOf(address + (1L << 30), AccessType.WRITE));
        assertEquals(0, process.faultsOf(address + (1L << 30) + 2 * MIB - 1, AccessType.WRITE));
        assertEquals(2 * MIB, memory.statistics().allocatedBytes());
        assertEquals(512, mm.usage().resident());
        assertEquals((4L << 30) / PAGE, mm.usage().size());
        mm.munmap(address, 4L << 30);
        assertEquals(0, memory.statistics().allocatedBytes());
        assertEquals(512, mm.usage().peakResident());
    }

    @Test
    void memoryThatIsNotReservedMayExceedTheSandboxButNotOtherwise() {
        assertErrno(Errno.ENOMEM, () -> mm.mmap(0, 1L << 30, RW, ANONYMOUS));
        mm.mmap(0, 1L << 30, NONE, ANONYMOUS);
    }

    @Test
    void runningOutOfMemoryIsAnOutcomeOfItsOwn() {
        long address = mm.mmap(0, 1L << 30, RW, ANONYMOUS | MAP_NORESERVE);
        for (long at = 0; at < 256 * MIB; at += 2 * MIB) {
            process.store(address + at, 1);
        }
        TestProcess.Killed killed =
                assertThrows(TestProcess.Killed.class, () -> process.store(address + 256 * MIB, 1));
        assertEquals(FaultOutcome.OUT_OF_MEMORY, killed.outcome());
    }

    @Test
    void faultsSayWhatLinuxSays() {
        long address = mm.mmap(BASE, 4 * PAGE, R, ANONYMOUS);
        mm.mprotect(address + PAGE, PAGE, NONE);
        mm.munmap(address + 2 * PAGE, PAGE);
        assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.store(address, 1));
        assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.execute(address));
        assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.load(address + PAGE));
        assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.load(address + 2 * PAGE));
        assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.load(-1));
        assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.load(0));
    }

    @Test
    void whatIsWriteOnlyCanBeReadAsOnEveryProcessor() {
        long address = mm.mmap(0, PAGE, AccessType.PROT_WRITE, ANONYMOUS);
        process.store(address, 3);
        assertEquals(3, process.load(address));
    }

    @Test
    void unmappingInTheMiddleKeepsBothEnds() {
        long address = mm.mmap(BASE, 3 * PAGE, RW, ANONYMOUS);
        process.store(address, 1);
        process.store(address + 2 * PAGE, 3);
        mm.munmap(address + PAGE, PAGE);
        assertEquals(1, process.load(address));
        assertEquals(3, process.load(address + 2 * PAGE));
        assertEquals(2, mm.mappings().size());
        assertEquals(2 * PAGE, memory.statistics().allocatedBytes());
        mm.mmap(address + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED);
        assertEquals(1, mm.mappings().size());
        assertEquals(0, process.load(address + PAGE));
    }

    @Test
    void protectionChangesInOneCallAndComesBack() {
        long address = mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        process.store(address, 5);
        mm.mprotect(address, 32 * PAGE, R);
        assertEquals(1, process.addressSpace().protectCalls());
        assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.store(address, 1));
        mm.mprotect(address, 32 * PAGE, NONE);
        assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.load(address));
        mm.mprotect(address, 32 * PAGE, RW);
        assertEquals(5, process.load(address));
        assertEquals(1, mm.mappings().size());
    }

    @Test
    void protectingOverAHoleChangesWhatIsBeforeIt() {
        long address = mm.mmap(BASE, PAGE, RW, ANONYMOUS);
        assertErrno(Errno.ENOMEM, () -> mm.mprotect(address, 3 * PAGE, R));
        assertEquals(AccessType.READ, mm.mappings().getFirst().access());
        assertErrno(Errno.ENOMEM, () -> mm.mprotect(address - PAGE, 3 * PAGE, RW));
        assertEquals(AccessType.READ, mm.mappings().getFirst().access());
    }

    @Test
    void reservedMemoryThatIsOpenedIsBroughtInAtOnce() {
        long address = mm.mmap(0, 64 * MIB, NONE, ANONYMOUS | MAP_NORESERVE);
        mm.mprotect(address, 132 << 10, RW);
        assertEquals(0, process.faultsOf(address + (131 << 10), AccessType.WRITE));
        assertEquals(132 << 10, memory.statistics().allocatedBytes());
    }

    @Test
    void theBreakGrowsAndShrinks() {
        mm.setBrkStart(BASE + 100);
        assertEquals(BASE + 100, mm.brk(0));
        assertEquals(BASE + 10 * PAGE, mm.brk(BASE + 10 * PAGE));
        process.store(BASE + 9 * PAGE, 9);
        assertEquals("[heap]", mm.mappings().getFirst().name());
        assertEquals(BASE + 5 * PAGE + 1, mm.brk(BASE + 5 * PAGE + 1));
        assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.load(BASE + 9 * PAGE));
        mm.brk(BASE + 10 * PAGE);
        assertEquals(0, process.load(BASE + 9 * PAGE));
        assertEquals(1, mm.mappings().size());
    }

    @Test
    void theBreakStopsAPageBeforeAMapping() {
        mm.setBrkStart(BASE);
        mm.mmap(BASE + 4 * PAGE, PAGE, R, ANONYMOUS | MAP_FIXED);
        assertEquals(BASE, mm.brk(BASE + 4 * PAGE));
        assertEquals(BASE + 3 * PAGE, mm.brk(BASE + 3 * PAGE));
        limits.data = 2 * PAGE;
        assertEquals(BASE + PAGE, mm.brk(BASE + PAGE));
        assertEquals(BASE + PAGE, mm.brk(BASE + 3 * PAGE));
    }

    @Test
    void stacksGrowToTheLimitAndKeepAGap() {
        long top = BASE + 64 * MIB;
        mm.mmap(top - 2 * PAGE, 2 * PAGE, RW, ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN);
        process.store(top - MIB, 1);
        process.store(top - 8 * MIB, 2);
        assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.store(top - 8 * MIB - 1, 3));
        assertEquals(8 * MIB / PAGE, mm.usage().stack());
        limits.stack = 16 * MIB;
        mm.mmap(top - 11 * MIB, PAGE, RW, ANONYMOUS | MAP_FIXED);
        long lowest = top - 10 * MIB + PAGE;
        assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.store(lowest - 1, 1));
        process.store(lowest, 1);
    }

    @Test
    void aStackMayGrowUpToAnInaccessibleGuard() {
        long top = BASE + 4 * MIB;
        mm.mmap(top - PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN);
        mm.mmap(top - 9 * PAGE, PAGE, NONE, ANONYMOUS | MAP_FIXED);
        process.store(top - 8 * PAGE, 1);
        assertKilled(FaultOutcome.SEGV_ACCERR, () -> process.store(top - 8 * PAGE - 1, 1));
    }

    @Test
    void systemCallsGrowStacksToo() {
        long top = BASE + 4 * MIB;
        mm.mmap(top - PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN);
        process.guestMemory().writeLong(top - 100 * PAGE, 77);
        assertEquals(77, process.load(top - 100 * PAGE));
    }

    @Test
    void privateFilePagesAreCopiedOnWrite() {
        try (FakeFile file = new FakeFile(memory, 8 * PAGE)) {
            file.put(PAGE, 11);
            long address = mm.mmap(0, 8 * PAGE, RW, MAP_PRIVATE, file, 0);
            assertEquals(11, process.load(address + PAGE));
            process.store(address + PAGE, 12);
            assertEquals(12, process.load(address + PAGE));
            assertEquals(11, file.get(PAGE));
            file.put(7 * PAGE, 13);
            assertEquals(13, process.load(address + 7 * PAGE));
            assertEquals(1, file.references());
            mm.munmap(address, 2 * PAGE);
            mm.munmap(address + 4 * PAGE, PAGE);
            mm.munmap(address, 8 * PAGE);
            assertEquals(0, file.references());
            assertEquals(0, file.mappings());
        }
    }

    @Test
    void readingAFileTakesOneFaultForAWindow() {
        try (FakeFile file = new FakeFile(memory, 64 * PAGE)) {
            long address = mm.mmap(0x1000_0000, 64 * PAGE, RX, MAP_PRIVATE, file, 0);
            assertEquals(1, process.faultsOf(address + 20 * PAGE, AccessType.EXECUTE));
            assertEquals(0, process.faultsOf(address, AccessType.EXECUTE));
            assertEquals(0, process.faultsOf(address + 31 * PAGE, AccessType.EXECUTE));
            assertEquals(1, process.faultsOf(address + 32 * PAGE, AccessType.EXECUTE));
        }
    }

    @Test
    void sharedFilePagesAreTheFiles() {
        try (FakeFile file = new FakeFile(memory, 4 * PAGE)) {
            long address = mm.mmap(0, 4 * PAGE, RW, MAP_SHARED, file, 0);
            process.store(address + 3 * PAGE, 5);
            assertEquals(5, file.get(3 * PAGE));
            mm.munmap(address, 4 * PAGE);
        }
    }

    @Test
    void aFileIsToldBeforeItsPagesAreWritten() {
        try (FakeFile file = new FakeFile(memory, 4 * PAGE)) {
            file.tracksDirty = true;
            long address = mm.mmap(0, 4 * PAGE, RW, MAP_SHARED, file, 0);
            assertEquals(0, process.load(address));
            assertEquals(1, file.pageCalls());
            process.store(address, 1);
            assertEquals(2, file.pageCalls());
            process.store(address, 2);
            assertEquals(2, file.pageCalls());
            assertEquals(2, file.get(0));
            mm.munmap(address, 4 * PAGE);
        }
    }

    @Test
    void beyondTheEndOfAFileIsABusError() {
        try (FakeFile file = new FakeFile(memory, PAGE + 1)) {
            long address = mm.mmap(0, 4 * PAGE, RW, MAP_PRIVATE, file, 0);
            process.store(address + 2 * PAGE - 1, 1);
            assertKilled(FaultOutcome.BUS_ADRERR, () -> process.load(address + 2 * PAGE));
            assertErrno(Errno.EFAULT, () -> process.guestMemory().readInt(address + 2 * PAGE));
            mm.munmap(address, 4 * PAGE);
        }
    }

    @Test
    void truncatingAFileTakesItsPagesAwayAlsoPrivateOnes() {
        try (FakeFile file = new FakeFile(memory, 4 * PAGE)) {
            long address = mm.mmap(0, 4 * PAGE, RW, MAP_PRIVATE, file, 0);
            process.store(address, 1);
            process.store(address + 3 * PAGE, 1);
            file.truncate(PAGE);
            assertEquals(1, process.load(address));
            assertKilled(FaultOutcome.BUS_ADRERR, () -> process.load(address + 3 * PAGE));
            assertKilled(FaultOutcome.BUS_ADRERR, () -> process.store(address + PAGE, 1));
            mm.munmap(address, 4 * PAGE);
        }
    }

    @Test
    void filesAreMappedAsTheyWereOpened() {
        try (FakeFile file = new FakeFile(memory, 4 * PAGE)) {
            file.writable = false;
            assertErrno(Errno.EACCES, () -> mm.mmap(0, PAGE, RW, MAP_SHARED, file, 0));
            long shared = mm.mmap(0, PAGE, R, MAP_SHARED, file, 0);
            assertErrno(Errno.EACCES, () -> mm.mprotect(shared, PAGE, RW));
            mm.mprotect(shared, PAGE, RX);
            mm.mmap(0, PAGE, RW, MAP_PRIVATE, file, 0);
            file.executable = false;
            assertErrno(Errno.EPERM, () -> mm.mmap(0, PAGE, RX, MAP_PRIVATE, file, 0));
            long data = mm.mmap(0, PAGE, R, MAP_PRIVATE, file, 0);
            assertErrno(Errno.EACCES, () -> mm.mprotect(data, PAGE, RX));
            file.readable = false;
            assertErrno(Errno.EACCES, () -> mm.mmap(0, PAGE, R, MAP_PRIVATE, file, 0));
            file.readable = true;
            file.mappable = false;
            assertErrno(Errno.ENODEV, () -> mm.mmap(0, PAGE, R, MAP_PRIVATE, file, 0));
            mm.close();
            assertEquals(0, file.references());
        }
    }

    @Test
    void syncWritesSharedMappingsBack() {
        try (FakeFile file = new FakeFile(memory, 8 * PAGE)) {
            long address = mm.mmap(0, 4 * PAGE, RW, MAP_SHARED, file, 2 * PAGE);
            mm.msync(address + PAGE, 2 * PAGE, 4);
            assertEquals("3000-5000", file.synced().getFirst().toString());
            assertEquals(1, file.references());
            mm.munmap(address, 4 * PAGE);
            assertErrno(Errno.ENOMEM, () -> mm.msync(address, PAGE, 4));
        }
    }

    @Test
    void movedMemoryKeepsItsContent() {
        long address = mm.mmap(BASE, 2 * PAGE, RW, ANONYMOUS);
        mm.mmap(BASE + 2 * PAGE, PAGE, R, ANONYMOUS | MAP_FIXED);
        process.store(address + PAGE, 8);
        assertErrno(Errno.ENOMEM, () -> mm.mremap(address, 2 * PAGE, 8 * PAGE, 0, 0));
        long moved = mm.mremap(address, 2 * PAGE, 8 * PAGE, MREMAP_MAYMOVE, 0);
        assertEquals(8, process.load(moved + PAGE));
        assertEquals(0, process.load(moved + 7 * PAGE));
        assertKilled(FaultOutcome.SEGV_MAPERR, () -> process.load(address));
        long target = BASE + 16 * MIB;
        int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
        assertEquals(target, mm.mremap(moved, 8 * PAGE, 2 * PAGE, flags, target));
        assertEquals(8, process.load(target + PAGE));
        assertEquals(3 * PAGE, mm.usage().size() * PAGE);
    }

    @Test
    void aMappingGrowsInPlaceWhereThereIsRoom() {
        long address = mm.mmap(BASE, 2 * PAGE, RW, ANONYMOUS);
        process.store(address, 8);
        assertEquals(address, mm.mremap(address, 2 * PAGE, 5 * PAGE, 0, 0));
        assertEquals(8, process.load(address));
        assertEquals(0, process.load(address + 4 * PAGE));
        assertEquals(1, mm.mappings().size());
        assertEquals(address, mm.mremap(address, 5 * PAGE, PAGE, 0, 0));
        assertEquals(PAGE, memory.statistics().allocatedBytes());
    }

    @Test
    void sharedMemoryCanBeMappedOnceMore() {
        long address = mm.mmap(BASE, 2 * PAGE, RW, SHARED);
        long again = mm.mremap(address, 0, 2 * PAGE, MREMAP_MAYMOVE, 0);
        process.store(again + PAGE, 4);
        assertEquals(4, process.load(address + PAGE));
        mm.munmap(address, 2 * PAGE);
        assertEquals(4, process.load(again + PAGE));
        long grown = mm.mremap(again, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, 0);
        assertKilled(FaultOutcome.BUS_ADRERR, () -> process.load(grown + 2 * PAGE));
    }

    @Test
    void discardedMemoryReadsAsZeroAgain() {
        long address = mm.mmap(BASE, 4 * PAGE, RW, ANONYMOUS);
        process.store(address + PAGE, 1);
        process.store(address + 2 * PAGE, 2);
        mm.madvise(address + PAGE, PAGE, 4);
        assertEquals(0, process.load(address + PAGE));
        assertEquals(2, process.load(address + 2 * PAGE));
        assertErrno(Errno.EINVAL, () -> mm.madvise(address, PAGE, 4711));
        assertErrno(Errno.ENOMEM, () -> mm.madvise(address, 8 * PAGE, 3));
    }

    @Test
    void residencyIsTold() {
        long address = mm.mmap(BASE, 4 * MIB, RW, ANONYMOUS);
        process.store(address + 2 * MIB, 1);
        long vector = mm.mmap(0, PAGE, RW, ANONYMOUS);
        mm.mincore(address, 4 * MIB, vector);
        assertEquals(0, process.load(vector + 511));
        assertEquals(1, process.load(vector + 512));
        assertErrno(Errno.EFAULT, () -> mm.mincore(address, PAGE, 0x10));
        assertErrno(Errno.ENOMEM, () -> mm.mincore(address, 8 * MIB, vector));
    }

    @Test
    void lockedMemoryIsCountedAndLimited() {
        long address = mm.mmap(BASE, 4 * PAGE, RW, ANONYMOUS);
        mm.mlock(address + PAGE, PAGE, 0);
        assertEquals(1, mm.usage().locked());
        assertErrno(Errno.EINVAL, () -> mm.madvise(address, 4 * PAGE, 4));
        limits.locked = 2 * PAGE;
        assertErrno(Errno.ENOMEM, () -> mm.mlock(address, 4 * PAGE, 0));
        mm.mlock(address, 2 * PAGE, 0);
        mm.munlock(address, 4 * PAGE);
        assertEquals(0, mm.usage().locked());
        limits.locked = 0;
        assertErrno(Errno.EPERM, () -> mm.mlock(address, PAGE, 0));
    }

    @Test
    void limitsOnSizeAreKept() {
        limits.addressSpace = 10 * PAGE;
        mm.mmap(BASE, 10 * PAGE, RW, ANONYMOUS);
        assertErrno(Errno.ENOMEM, () -> mm.mmap(0, PAGE, RW, ANONYMOUS));
        mm.mmap(BASE, 10 * PAGE, RW, ANONYMOUS | MAP_FIXED);
        limits.addressSpace = MemoryLimits.INFINITY;
        limits.data = 11 * PAGE;
        assertErrno(Errno.ENOMEM, () -> mm.mmap(0, 2 * PAGE, RW, ANONYMOUS));
        mm.mmap(0, 2 * PAGE, R, ANONYMOUS);
        mm.mmap(0, 2 * PAGE, RW, SHARED);
    }

    @Test
    void thereAreAtMostAsManyMappingsAsLinuxAllows() {
        mm.mmap(BASE, 80_000 * PAGE, NONE, ANONYMOUS | MAP_FIXED);
        int made = 0;
        long at = BASE;
        try {
            while (made < 70_000) {
                mm.mprotect(at, PAGE, R);
                at += 2 * PAGE;
                made++;
            }
        } catch (ErrnoException e) {
            assertEquals(Errno.ENOMEM, e.errno());
        }
        assertEquals(65530, mm.mappings().size());
        assertErrno(Errno.ENOMEM, () -> mm.munmap(BASE + 79_000 * PAGE, PAGE));
    }

    @Test
    void populatedMappingsTakeNoFault() {
        try (FakeFile file = new FakeFile(memory, 4 * PAGE)) {
            long address = mm.mmap(0, 4 * PAGE, R, MAP_PRIVATE | MAP_POPULATE, file, 0);
            assertEquals(0, process.faultsOf(address + 3 * PAGE, AccessType.READ));
            long large = mm.mmap(0, 6 * MIB, RW, ANONYMOUS | MAP_POPULATE);
            assertEquals(0, process.faultsOf(large + 5 * MIB, AccessType.WRITE));
            mm.close();
        }
    }

    @Test
    void mappingsAreDescribedAsInProcMaps() {
        try (FakeFile file = new FakeFile(memory, 4 * PAGE)) {
            mm.mmap(BASE, PAGE, RX, MAP_PRIVATE | MAP_FIXED, file, PAGE);
            mm.mmap(BASE + PAGE, PAGE, RW, SHARED | MAP_FIXED);
            MappingInfo code = mm.mappings().get(0);
            MappingInfo shared = mm.mappings().get(1);
            assertEquals("10000000-10001000", code.range().toString());
            assertEquals(PAGE, code.offset());
            assertEquals(42, code.inode());
            assertEquals("/file", code.name());
            assertFalse(code.shared());
            assertTrue(shared.shared());
            assertEquals("/dev/zero (deleted)", shared.name());
            mm.close();
        }
    }

    static void assertErrno(Errno errno, Executable call) {
        assertEquals(errno, assertThrows(ErrnoException.class, call).errno());
    }

    static void assertKilled(FaultOutcome outcome, Executable access) {
        assertEquals(outcome, assertThrows(TestProcess.Killed.class, access).outcome());
    }
}
