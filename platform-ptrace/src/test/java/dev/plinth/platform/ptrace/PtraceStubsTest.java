package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;

/** The processes that guests run in: killed, used again, left by their threads. */
@Timeout(60)
class PtraceStubsTest {
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
    void aStubThatIsKilledEndsItsContextsOnly() throws InterruptedException {
        guest.code(SPIN);
        int pid = guest.pid();
        Thread killer =
                OtherThreads.startDaemon(() -> {
                    OtherThreads.sleepBriefly();
                    TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, pid, 9);
                });
        Trap.UnknownExit exit = assertInstanceOf(Trap.UnknownExit.class, guest.run());
        assertEquals("the stub was killed by SIGKILL", exit.description());
        killer.join();
        try (AddressSpace another = guest.platform.newAddressSpace();
                ExecutionContext context = guest.platform.newContext()) {
            guest.mapCode(another);
            guest.code("0f05");
            assertEquals(Trap.SYSTEM_CALL, context.run(another, guest.registers));
        }
    }

    @Test
    void aStubThatIsKilledWhileStoppedIsNoticed() {
        guest.code("0f05 0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        int pid = guest.pid();
        TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, pid, 9);
        assertInstanceOf(Trap.UnknownExit.class, guest.run());
        assertInstanceOf(Trap.UnknownExit.class, guest.run());
        guest.map(OTHER, 0, AccessType.READ);
    }

    @Test
    void aStubThatIsKilledIsNoticedWhileAnotherContextHasNotNoticed() throws InterruptedException {
        guest.code("0f05 0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        OtherThreads others = new OtherThreads();
        CountDownLatch stopped = new CountDownLatch(1);
        CountDownLatch killed = new CountDownLatch(1);
        Thread other =
                others.start(() -> {
                    Registers registers = new Registers();
                    registers.setRip(Guest.CODE);
                    try (ExecutionContext context = guest.platform.newContext()) {
                        assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, registers));
                        stopped.countDown();
                        OtherThreads.await(killed);
                        assertInstanceOf(
                                Trap.UnknownExit.class, context.run(guest.space, registers));
                    }
                });
        OtherThreads.await(stopped);
        int pid = guest.pid();
        TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, pid, 9);
        for (int i = 0; i < 3; i++) {
            assertInstanceOf(Trap.UnknownExit.class, guest.run());
        }
        guest.map(OTHER, 0, AccessType.READ);
        killed.countDown();
        other.join();
        others.check();
    }

    @Test
    void aMasterThatIsKilledTakesItsStubsAlong() {
        guest.code("0f05 ebfe"); // syscall; jmp $
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        int master = HostProcesses.groupOf(guest.pid());
        TestingHost.HOST.syscall(SystemCalls.TGKILL, master, master, 9);
        assertInstanceOf(Trap.UnknownExit.class, guest.run());
        for (int i = 0; i < 2; i++) {
            HostCallException lost =
                    assertThrows(HostCallException.class, guest.platform::newAddressSpace);
            assertTrue(lost.is(Errno.ESRCH), lost.getMessage());
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
            assertEquals(process, Guest.pidOf(space));
            guest.mapCode(space);
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
            guest.mapCode(space);
            space.map(Guest.page(OTHER), guest.memory, 0x8000, AccessType.READ_WRITE);
            Registers registers = new Registers();
            registers.setRip(Guest.CODE);
            registers.setRax(0x1234);
            assertEquals(Trap.SYSTEM_CALL, context.run(space, registers));
            return Guest.pidOf(space);
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
        String tasks = "/proc/" + guest.pid() + "/task";
        // The leader, the keeper, and a thread for the next context.
        assertTrue(HostProcesses.eventually(() -> HostProcesses.list(tasks).size() == 3));
        guest.registers.setRip(Guest.CODE);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
    }
}
