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
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
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
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(60)
class PtracePlatformTest {
    private static final String SPIN = "ebfe"; // jmp $
    private static final long KILL = 62;

    /** Where the register stands in an XSAVE area. */
    private static final long XMM7 = 160 + 7 * 16;

    private static final long OTHER = 0x7000_0000L;

    private final Guest guest = new Guest();

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void aSystemCallTrapsWithItsRegisters() {
        guest.code("b827000000 0f05"); // mov eax, 39; syscall
        guest.registers.setR12(0x1234_5678_9abc_def0L);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(39, guest.registers.origRax());
        assertEquals(Guest.CODE + 7, guest.registers.rip());
        assertEquals(guest.registers.rip(), guest.registers.rcx());
        assertEquals(guest.registers.eflags(), guest.registers.r11());
        assertEquals(0x1234_5678_9abc_def0L, guest.registers.r12());
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
                    pidOf(guest.space),
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
    void anInterruptIsLatched() {
        guest.code(SPIN);
        guest.context.interrupt();
        guest.context.interrupt();
        assertEquals(Trap.INTERRUPTED, guest.run());
        assertEquals(Guest.CODE, guest.registers.rip());
        guest.code("0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
    }

    @Test
    void anInterruptStopsAGuestThatSpins() throws InterruptedException {
        guest.code(SPIN);
        for (int i = 0; i < 20; i++) {
            Thread kicker = startDaemon(guest.context::interrupt);
            assertEquals(Trap.INTERRUPTED, guest.run());
            assertEquals(Guest.CODE, guest.registers.rip());
            kicker.join();
        }
    }

    @Test
    void aStormOfInterruptsLosesNoneAndHarmsNothing() throws InterruptedException {
        guest.code("48ffc3 b827000000 0f05 ebf4"); // loop: inc rbx; mov eax, 39; syscall; jmp loop
        AtomicInteger running = new AtomicInteger(2);
        Runnable storm =
                () -> {
                    for (int i = 0; i < 20_000; i++) {
                        guest.context.interrupt();
                        Thread.onSpinWait();
                    }
                    running.decrementAndGet();
                };
        Thread first = startDaemon(storm);
        Thread second = startDaemon(storm);
        long calls = 0;
        long interrupts = 0;
        while (running.get() > 0) {
            Trap trap = guest.run();
            if (trap instanceof Trap.SystemCall) {
                calls++;
                assertEquals(39, guest.registers.origRax());
            } else {
                assertEquals(Trap.INTERRUPTED, trap);
                interrupts++;
            }
        }
        first.join();
        second.join();
        // The guest counts its calls too: none was lost, none made twice.
        while (!(guest.run() instanceof Trap.SystemCall)) {
            interrupts++;
        }
        assertEquals(calls + 1, guest.registers.rbx());
        assertTrue(interrupts > 0);
    }

    @Test
    void signalsFromOthersDoNotReachTheGuest() throws InterruptedException {
        guest.code("0f05 ffc3 ebfc"); // syscall; loop: inc ebx; jmp loop
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        int pid = pidOf(guest.space);
        int tid = ((PtraceContext) guest.context).tid();
        Thread sender =
                startDaemon(() -> {
                    for (int signal : new int[] {4, 5, 7, 8, 10, 11, 14, 15, 17, 18, 31}) {
                        TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, tid, signal);
                        sleepBriefly();
                    }
                    guest.context.interrupt();
                });
        assertEquals(Trap.INTERRUPTED, guest.run());
        sender.join();
    }

    @Test
    void aStubThatIsKilledEndsItsContextsOnly() throws InterruptedException {
        guest.code(SPIN);
        int pid = pidOf(guest.space);
        Thread killer =
                startDaemon(() -> {
                    sleepBriefly();
                    TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, pid, 9);
                });
        Trap.UnknownExit exit = assertInstanceOf(Trap.UnknownExit.class, guest.run());
        assertEquals("the stub was killed by SIGKILL", exit.description());
        killer.join();
        try (AddressSpace another = guest.platform.newAddressSpace();
                ExecutionContext context = guest.platform.newContext()) {
            another.map(Guest.page(Guest.CODE), guest.memory, 0, AccessType.READ_EXECUTE);
            guest.code("0f05");
            assertEquals(Trap.SYSTEM_CALL, context.run(another, guest.registers));
        }
    }

    @Test
    void aStubThatIsKilledWhileStoppedIsNoticed() {
        guest.code("0f05 0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        int pid = pidOf(guest.space);
        TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, pid, 9);
        assertInstanceOf(Trap.UnknownExit.class, guest.run());
        assertInstanceOf(Trap.UnknownExit.class, guest.run());
        guest.map(OTHER, 0, AccessType.READ);
    }

    @Test
    void aStubThatIsKilledIsNoticedWhileAnotherContextHasNotNoticed() throws InterruptedException {
        guest.code("0f05 0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        Failures failures = new Failures();
        CountDownLatch stopped = new CountDownLatch(1);
        CountDownLatch killed = new CountDownLatch(1);
        Thread other =
                failures.start(() -> {
                    Registers registers = new Registers();
                    registers.setRip(Guest.CODE);
                    try (ExecutionContext context = guest.platform.newContext()) {
                        assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, registers));
                        stopped.countDown();
                        await(killed);
                        assertInstanceOf(
                                Trap.UnknownExit.class, context.run(guest.space, registers));
                    }
                });
        await(stopped);
        int pid = pidOf(guest.space);
        TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, pid, 9);
        for (int i = 0; i < 3; i++) {
            assertInstanceOf(Trap.UnknownExit.class, guest.run());
        }
        guest.map(OTHER, 0, AccessType.READ);
        killed.countDown();
        other.join();
        failures.check();
    }

    @Test
    void aMasterThatIsKilledTakesItsStubsAlong() {
        guest.code("0f05 ebfe"); // syscall; jmp $
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        int master = HostProcesses.groupOf(pidOf(guest.space));
        TestingHost.HOST.syscall(SystemCalls.TGKILL, master, master, 9);
        assertInstanceOf(Trap.UnknownExit.class, guest.run());
        for (int i = 0; i < 2; i++) {
            HostCallException lost =
                    assertThrows(HostCallException.class, guest.platform::newAddressSpace);
            assertTrue(lost.is(Errno.ESRCH), lost.getMessage());
        }
    }

    @Test
    void aClosedPlatformMakesNoAddressSpaces() {
        close();
        assertThrows(IllegalStateException.class, guest.platform::newAddressSpace);
    }

    @Test
    void twoContextsShareAnAddressSpace() throws InterruptedException {
        guest.code("f048ff03 0f05"); // lock inc qword [rbx]; syscall
        int rounds = 500;
        Runnable work =
                () -> {
                    Registers registers = new Registers();
                    try (ExecutionContext context = guest.platform.newContext()) {
                        for (int i = 0; i < rounds; i++) {
                            registers.setRip(Guest.CODE);
                            registers.setRbx(Guest.DATA);
                            assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, registers));
                        }
                    }
                };
        Failures failures = new Failures();
        Thread first = failures.start(work);
        Thread second = failures.start(work);
        first.join();
        second.join();
        failures.check();
        assertEquals(2L * rounds, guest.memory.view().get(JAVA_LONG, Guest.PAGE));
    }

    @Test
    void aChangeIsSeenAtOnceByAContextThatExecutes() throws InterruptedException {
        // wait: mov eax, [rbx]; test eax, eax; je wait; syscall
        guest.code("8b03 85c0 74fa 0f05");
        guest.memory.view().set(JAVA_INT, 0x9000, 5);
        for (int i = 0; i < 20; i++) {
            guest.map(OTHER, 0x8000, AccessType.READ);
            Failures failures = new Failures();
            Thread changer =
                    failures.start(() -> {
                        sleepBriefly();
                        guest.map(OTHER, 0x9000, AccessType.READ);
                    });
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(OTHER);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(5, guest.registers.origRax());
            changer.join();
            failures.check();
        }
    }

    @Test
    void whatIsUnmappedWhileAnotherExecutesCannotBeTouchedAfterwards() throws InterruptedException {
        // The other context counts in a page; the page goes away while it does.
        guest.code("48ff03 ebfb"); // loop: inc qword [rbx]; jmp loop
        for (int i = 0; i < 50; i++) {
            guest.map(OTHER, 0x8000, AccessType.READ_WRITE);
            Failures failures = new Failures();
            AtomicReference<Long> seen = new AtomicReference<>();
            Thread changer =
                    failures.start(() -> {
                        sleepBriefly();
                        guest.space.unmap(Guest.page(OTHER));
                        seen.set(guest.memory.view().get(JAVA_LONG, 0x8000));
                    });
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(OTHER);
            Trap.Fault fault = assertInstanceOf(Trap.Fault.class, guest.run());
            assertEquals(OTHER, fault.address());
            assertEquals(AccessType.WRITE, fault.access());
            changer.join();
            failures.check();
            assertEquals(seen.get(), guest.memory.view().get(JAVA_LONG, 0x8000));
        }
    }

    @Test
    void aThreadWithItsOwnStubChangesMemoryWhileAnotherExecutes() throws InterruptedException {
        guest.code("0f05 ebfe"); // syscall; jmp $
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        Failures failures = new Failures();
        AtomicReference<ExecutionContext> other = new AtomicReference<>();
        CountDownLatch spinning = new CountDownLatch(1);
        Thread spinner =
                failures.start(() -> {
                    Registers registers = new Registers();
                    try (ExecutionContext context = guest.platform.newContext()) {
                        other.set(context);
                        registers.setRip(Guest.CODE + 2);
                        spinning.countDown();
                        assertEquals(Trap.INTERRUPTED, context.run(guest.space, registers));
                    }
                });
        spinning.await();
        sleepBriefly();
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
        failures.check();
    }

    @Test
    void manyThreadsChangeOneAddressSpaceWhileTheyExecuteInIt() throws InterruptedException {
        guest.code("8903 0f05"); // mov [rbx], eax; syscall
        int threads = 4;
        Failures failures = new Failures();
        Thread[] workers = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            long address = OTHER + (long) i * Guest.PAGE;
            long offset = (16L + i) * Guest.PAGE;
            workers[i] = failures.start(() -> mapTouchAndUnmap(address, offset, 200));
        }
        for (Thread worker : workers) {
            worker.join();
        }
        failures.check();
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

    @Test
    void aProcessThatIsUsedAgainHasNothingOfItsLastGuest() {
        // movd xmm7, eax; syscall; mov eax, [rbx]; syscall
        guest.code("660f6ef8 0f05 8b03 0f05");
        int process = useAndClose();
        try (AddressSpace space = guest.platform.newAddressSpace();
                ExecutionContext context = guest.platform.newContext();
                Arena arena = Arena.ofConfined()) {
            assertEquals(process, pidOf(space));
            space.map(Guest.page(Guest.CODE), guest.memory, 0, AccessType.READ_EXECUTE);
            Registers registers = new Registers();
            registers.setRip(Guest.CODE + 6);
            registers.setRbx(OTHER);
            Trap.Fault fault = assertInstanceOf(Trap.Fault.class, context.run(space, registers));
            assertEquals(OTHER, fault.address());
            assertEquals(SignalCode.SEGV_MAPERR, fault.code());
            MemorySegment area =
                    arena.allocate(guest.platform.capabilities().cpu().vectorStateBytes(), 64);
            context.readVectorState(area);
            assertEquals(0, area.get(JAVA_INT, XMM7));
        }
    }

    @Test
    void aProcessThatWasKilledWhileItIdledIsNotUsedAgain() throws InterruptedException {
        guest.code("660f6ef8 0f05");
        int process = useAndClose();
        guest.memory.host().syscall(KILL, process, 9);
        assertTrue(
                HostProcesses.eventually(() -> guest.memory.host().syscall(KILL, process, 0) != 0));
        assertNotEquals(process, useAndClose());
    }

    /** Runs a guest that leaves something in memory and registers; gives its process. */
    private int useAndClose() {
        try (AddressSpace space = guest.platform.newAddressSpace();
                ExecutionContext context = guest.platform.newContext()) {
            space.map(Guest.page(Guest.CODE), guest.memory, 0, AccessType.READ_EXECUTE);
            space.map(Guest.page(OTHER), guest.memory, 0x8000, AccessType.READ_WRITE);
            Registers registers = new Registers();
            registers.setRip(Guest.CODE);
            registers.setRax(0x1234);
            assertEquals(Trap.SYSTEM_CALL, context.run(space, registers));
            return pidOf(space);
        }
    }

    @Test
    void contextsThatCloseLeaveNoThreadOfTheirs() throws InterruptedException {
        guest.code("0f05");
        for (int i = 0; i < 50; i++) {
            guest.registers.setRip(Guest.CODE);
            try (ExecutionContext context = guest.platform.newContext()) {
                assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, guest.registers));
            }
        }
        String tasks = "/proc/" + pidOf(guest.space) + "/task";
        // The leader, the keeper, and a thread for the next context.
        assertTrue(HostProcesses.eventually(() -> HostProcesses.list(tasks).size() == 3));
        guest.registers.setRip(Guest.CODE);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
    }

    @Test
    void aContextMovesToAnotherAddressSpaceWithItsVectorState() {
        guest.code(
                "660f6ec0 0f05 660f7ec0 0f05"); // movd xmm0, eax; syscall; movd eax, xmm0; syscall
        guest.registers.setRax(1234);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        try (AddressSpace another = guest.platform.newAddressSpace()) {
            another.map(Guest.page(Guest.CODE), guest.memory, 0, AccessType.READ_EXECUTE);
            // As execve does it: the old one is closed before the context runs in the new one.
            guest.space.close();
            assertEquals(Trap.SYSTEM_CALL, guest.context.run(another, guest.registers));
            assertEquals(1234, guest.registers.origRax());
            assertThrows(
                    IllegalStateException.class,
                    () -> guest.context.run(guest.space, guest.registers));
        }
    }

    @Test
    void aNewContextHasTheInitialVectorState() throws InterruptedException {
        // Put a pattern in xmm0 and the x87 control word; end; the next one must not see it.
        guest.code("660f6ec0 d92b 0f05 660f7ec0 d93b 0f05");
        guest.registers.setRax(0x5555);
        guest.registers.setRbx(Guest.DATA);
        guest.registers.setRdi(Guest.DATA + 8);
        guest.memory.view().set(JAVA_INT, Guest.PAGE, 0x27f);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        Failures failures = new Failures();
        Thread another =
                failures.start(() -> {
                    Registers registers = new Registers();
                    try (ExecutionContext context = guest.platform.newContext()) {
                        registers.setRip(Guest.CODE + 8);
                        registers.setRdi(Guest.DATA + 8);
                        registers.setRbx(Guest.DATA + 8);
                        assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, registers));
                        assertEquals(0, registers.origRax());
                    }
                });
        another.join();
        failures.check();
        assertEquals(0x37f, guest.memory.view().get(JAVA_INT, Guest.PAGE + 8) & 0xffff);
    }

    @Test
    void vectorStateIsReadAndWritten() {
        guest.code("660f6ec0 0f05 660f7ec0 0f05");
        int bytes = guest.platform.capabilities().cpu().vectorStateBytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment area = arena.allocate(bytes, 64);
            guest.context.readVectorState(area);
            assertEquals(0x37f, area.get(JAVA_INT, 0) & 0xffff);
            assertEquals(0x1f80, area.get(JAVA_INT, 24));
            assertEquals(0, area.get(JAVA_LONG, 464));
            guest.registers.setRax(99);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            guest.context.readVectorState(area);
            assertEquals(99, area.get(JAVA_INT, 160));
            area.set(JAVA_INT, 160, 100);
            guest.context.writeVectorState(area);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(100, guest.registers.origRax());
            area.set(JAVA_LONG, 512, 1L << 62);
            assertThrows(
                    IllegalArgumentException.class, () -> guest.context.writeVectorState(area));
            area.set(JAVA_LONG, 512, 0);
            area.set(JAVA_INT, 24, 0x1_0000);
            assertThrows(
                    IllegalArgumentException.class, () -> guest.context.writeVectorState(area));
            area.set(JAVA_INT, 24, 0);
            guest.context.writeVectorState(area);
            guest.context.readVectorState(area);
            assertEquals(0x37f, area.get(JAVA_INT, 0) & 0xffff);
            assertEquals(0x1f80, area.get(JAVA_INT, 24));
            assertEquals(0, area.get(JAVA_INT, 160));
        }
    }

    @Test
    void anotherThreadMayNotRunAContext() throws InterruptedException {
        Failures failures = new Failures();
        failures.start(() -> assertThrows(IllegalStateException.class, guest::run)).join();
        failures.check();
    }

    @Test
    void anAddressSpaceOfAnotherPlatformIsRefused() {
        try (Guest other = new Guest()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> guest.context.run(other.space, guest.registers));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> guest.space.map(Guest.page(OTHER), other.memory, 0, AccessType.READ));
        }
    }

    @Test
    void closingTwiceIsHarmless() {
        guest.context.close();
        guest.context.close();
        guest.context.interrupt();
        guest.space.close();
        guest.space.close();
        guest.platform.close();
        guest.platform.close();
    }

    private static int pidOf(AddressSpace space) {
        return ((PtraceAddressSpace) space).pid();
    }

    private static Thread startDaemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void sleepBriefly() {
        try {
            Thread.sleep(2);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Carries what goes wrong in other threads to the test's. */
    private static final class Failures {
        private final AtomicReference<Throwable> first = new AtomicReference<>();

        Thread start(Runnable work) {
            Thread thread = new Thread(work);
            thread.setDaemon(true);
            thread.setUncaughtExceptionHandler((t, e) -> first.compareAndSet(null, e));
            thread.start();
            return thread;
        }

        void check() {
            if (first.get() != null) {
                throw new AssertionError("another thread failed", first.get());
            }
        }
    }
}
