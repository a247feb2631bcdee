package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.ptrace.linux.SystemCalls;
import dev.plinth.platform.ptrace.stub.StubLayout;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** What is mapped into address spaces, also while guests execute in them. */
@Timeout(60)
class PtraceMemoryTest {
    private static final long OTHER = 0x7000_0000L;

    private final Guest guest = new Guest();

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void capabilitiesEndBelowTheStubsPages() {
        PlatformCapabilities capabilities = guest.platform.capabilities();
        assertEquals(StubLayout.BATCH_PAGE, capabilities.userAddresses().end());
        assertTrue(capabilities.userAddresses().start() >= 0x1_0000);
        assertNotEquals(0, capabilities.cpu().hwcap());
        assertEquals(3, capabilities.cpu().xcr0() & 3);
    }

    @Test
    void everyUserAddressCanBeMapped() {
        AddressRange user = guest.platform.capabilities().userAddresses();
        guest.code("8903 0f05"); // mov [rbx], eax; syscall
        for (long address : new long[] {user.start(), user.end() - Guest.PAGE}) {
            guest.map(address, 0x8000, AccessType.READ_WRITE);
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(address);
            guest.registers.setRax(address);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals((int) address, guest.memory.view().get(JAVA_INT, 0x8000));
        }
    }

    @Test
    void rangesOutsideAreRefused() {
        AddressRange user = guest.platform.capabilities().userAddresses();
        long[] starts = {
            user.start() - Guest.PAGE, user.end(), StubLayout.STUB_PAGE, user.end() - 1
        };
        for (long start : starts) {
            AddressRange range = AddressRange.ofLength(start, Guest.PAGE);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> guest.space.map(range, guest.memory, 0, AccessType.READ));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> guest.space.protect(range, AccessType.READ));
            assertThrows(IllegalArgumentException.class, () -> guest.space.unmap(range));
        }
        AddressRange over = new AddressRange(user.end() - Guest.PAGE, user.end() + Guest.PAGE);
        assertThrows(IllegalArgumentException.class, () -> guest.space.unmap(over));
    }

    @Test
    void mappingBeyondTheFileOrWithoutAccessIsRefused() {
        long size = guest.memory.view().byteSize();
        AddressRange range = AddressRange.ofLength(OTHER, 2 * Guest.PAGE);
        for (long offset : new long[] {-Guest.PAGE, 1, size - Guest.PAGE, Long.MAX_VALUE & -4096}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> guest.space.map(range, guest.memory, offset, AccessType.READ));
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> guest.space.map(range, guest.memory, 0, AccessType.NONE));
        assertThrows(
                IllegalArgumentException.class, () -> guest.space.protect(range, AccessType.READ));
    }

    @Test
    void manyMemoryCallsAreMadeInOrder() {
        guest.code("8b03 0f05"); // mov eax, [rbx]; syscall
        for (int i = 0; i < 500; i++) {
            guest.memory.view().set(JAVA_INT, (i % 16 + 16L) * Guest.PAGE, i % 16);
            // Every other page, so that no call is merged with the one before.
            guest.map(OTHER + 2L * i * Guest.PAGE, (i % 16 + 16L) * Guest.PAGE, AccessType.READ);
        }
        for (int i = 0; i < 500; i += 7) {
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(OTHER + 2L * i * Guest.PAGE);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(i % 16, guest.registers.origRax());
        }
    }

    @Test
    void adjacentMappingsShowTheirOwnPages() {
        guest.code("8b03 0f05"); // mov eax, [rbx]; syscall
        for (int i = 0; i < 8; i++) {
            guest.memory.view().set(JAVA_INT, (16L + i) * Guest.PAGE, i + 100);
            guest.map(OTHER + (long) i * Guest.PAGE, (16L + i) * Guest.PAGE, AccessType.READ);
        }
        for (int i = 0; i < 8; i++) {
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(OTHER + (long) i * Guest.PAGE);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(i + 100, guest.registers.origRax());
        }
    }

    @Test
    void aRefusalOfTheHostEndsTheAddressSpace() {
        guest.code("0f05");
        try (Arena arena = Arena.ofConfined()) {
            // RLIMIT_AS of the stub: no more memory than it has.
            TestingHost.HOST.require(
                    "prlimit64",
                    SystemCalls.PRLIMIT64,
                    guest.pid(),
                    9,
                    arena.allocate(16, 8).address());
        }
        guest.space.unmap(Guest.page(Guest.DATA));
        guest.map(OTHER, 0, AccessType.READ);
        HostCallException refused = assertThrows(HostCallException.class, guest::run);
        assertTrue(refused.is(Errno.ENOMEM), refused.getMessage());
        assertTrue(refused.getMessage().startsWith("mmap(guest)"), refused.getMessage());
        assertThrows(HostCallException.class, guest::run);
    }

    @Test
    void aChangeIsSeenAtOnceByAContextThatExecutes() throws InterruptedException {
        // wait: mov eax, [rbx]; test eax, eax; je wait; syscall
        guest.code("8b03 85c0 74fa 0f05");
        guest.memory.view().set(JAVA_INT, 0x9000, 5);
        for (int i = 0; i < 20; i++) {
            guest.map(OTHER, 0x8000, AccessType.READ);
            OtherThreads others = new OtherThreads();
            Thread changer =
                    others.start(() -> {
                        OtherThreads.sleepBriefly();
                        guest.map(OTHER, 0x9000, AccessType.READ);
                    });
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(OTHER);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(5, guest.registers.origRax());
            changer.join();
            others.check();
        }
    }

    @Test
    void whatIsUnmappedWhileAnotherExecutesCannotBeTouchedAfterwards() throws InterruptedException {
        // The other context counts in a page; the page goes away while it does.
        guest.code("48ff03 ebfb"); // loop: inc qword [rbx]; jmp loop
        for (int i = 0; i < 50; i++) {
            guest.map(OTHER, 0x8000, AccessType.READ_WRITE);
            OtherThreads others = new OtherThreads();
            AtomicReference<Long> seen = new AtomicReference<>();
            Thread changer =
                    others.start(() -> {
                        OtherThreads.sleepBriefly();
                        guest.space.unmap(Guest.page(OTHER));
                        seen.set(guest.memory.view().get(JAVA_LONG, 0x8000));
                    });
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(OTHER);
            Trap.Fault fault = assertInstanceOf(Trap.Fault.class, guest.run());
            assertEquals(OTHER, fault.address());
            assertEquals(AccessType.WRITE, fault.access());
            changer.join();
            others.check();
            assertEquals(seen.get(), guest.memory.view().get(JAVA_LONG, 0x8000));
        }
    }

    @Test
    void aThreadWithItsOwnStubChangesMemoryWhileAnotherExecutes() throws InterruptedException {
        guest.code("0f05 ebfe"); // syscall; jmp $
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        OtherThreads others = new OtherThreads();
        AtomicReference<ExecutionContext> other = new AtomicReference<>();
        CountDownLatch spinning = new CountDownLatch(1);
        Thread spinner =
                others.start(() -> {
                    Registers registers = new Registers();
                    try (ExecutionContext context = guest.platform.newContext()) {
                        other.set(context);
                        registers.setRip(Guest.CODE + 2);
                        spinning.countDown();
                        assertEquals(Trap.INTERRUPTED, context.run(guest.space, registers));
                    }
                });
        spinning.await();
        OtherThreads.sleepBriefly();
        guest.code("0f05 ebfe 8b03 0f05");
        guest.memory.view().set(JAVA_INT, 0x8000, 42);
        for (int i = 0; i < 100; i++) {
            guest.map(OTHER, 0x8000, AccessType.READ);
            guest.registers.setRip(Guest.CODE + 4);
            guest.registers.setRbx(OTHER);
            guest.registers.setRbp(7);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(42, guest.registers.origRax());
            assertEquals(7, guest.registers.rbp());
            guest.space.unmap(Guest.page(OTHER));
        }
        other.get().interrupt();
        spinner.join();
        others.check();
    }

    @Test
    void manyThreadsChangeOneAddressSpaceWhileTheyExecuteInIt() throws InterruptedException {
        guest.code("8903 0f05"); // mov [rbx], eax; syscall
        int threads = 4;
        OtherThreads others = new OtherThreads();
        Thread[] workers = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            long address = OTHER + (long) i * Guest.PAGE;
            long offset = (16L + i) * Guest.PAGE;
            workers[i] = others.start(() -> mapTouchAndUnmap(address, offset, 200));
        }
        for (Thread worker : workers) {
            worker.join();
        }
        others.check();
    }

    private void mapTouchAndUnmap(long address, long offset, int rounds) {
        Registers registers = new Registers();
        registers.setRbx(address);
        try (ExecutionContext context = guest.platform.newContext()) {
            for (int i = 1; i <= rounds; i++) {
                guest.map(address, offset, AccessType.READ_WRITE);
                registers.setRip(Guest.CODE);
                registers.setRax(i);
                assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, registers));
                assertEquals(i, guest.memory.view().get(JAVA_INT, offset));
                guest.space.unmap(Guest.page(address));
                registers.setRip(Guest.CODE);
                Trap.Fault fault =
                        assertInstanceOf(Trap.Fault.class, context.run(guest.space, registers));
                assertEquals(address, fault.address());
            }
        }
    }
}
