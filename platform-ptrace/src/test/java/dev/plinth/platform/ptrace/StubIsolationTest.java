package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.ptrace.linux.UserRegs;
import dev.plinth.platform.ptrace.stub.StubLayout;
import dev.plinth.platform.ptrace.stub.StubPage;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What a guest finds in its process, and that it cannot get out of it. */
@Timeout(120)
class StubIsolationTest {
    private static final int SIGSYS = 31;

    private final Guest guest = new Guest();
    private final int pid = guest.pid();

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void nothingIsMappedButTheGuestsOwnMemoryAndTheStubsPages() {
        guest.code("0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(
                List.of(
                        "00400000-00401000 r-xs",
                        "00500000-00501000 rw-s",
                        "00600000-00601000 rw-s",
                        "7fffffffd000-7fffffffe000 r--s",
                        "7fffffffe000-7ffffffff000 r-xp"),
                userMappings());
    }

    @Test
    void nothingIsOpenButTheMemoryFileAndTheBatchPages() {
        assertEquals(
                Set.of(
                        Integer.toString(StubLayout.BATCH_FD),
                        Integer.toString(StubLayout.FIRST_BACKING_FD)),
                new TreeSet<>(HostProcesses.list("/proc/" + pid + "/fd")));
    }

    @Test
    void theProcessHasNoPrivilegesToGain() {
        String status = HostProcesses.read("/proc/" + pid + "/status");
        assertTrue(status.contains("NoNewPrivs:\t1\n"), status);
        assertTrue(status.contains("Seccomp:\t2\n"), status);
        assertTrue(status.contains("SigBlk:\t0000000000000000\n"), status);
        assertTrue(status.contains("SigCgt:\t0000000000000000\n"), status);
        assertTrue(status.startsWith("Name:\tplinth-stub\n"), status);
        String limits = HostProcesses.read("/proc/" + pid + "/limits");
        assertTrue(limits.contains("Max core file size        0                    0"), limits);
    }

    /** Whatever is in the stub's pages, executing it from anywhere only ever traps. */
    @Test
    void jumpingAnywhereIntoTheStubsPagesReachesNoHostCall() throws InterruptedException {
        guest.code("0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        final List<String> before = userMappings();
        Thread kicker = kicker(guest.context);
        try {
            for (long offset = 0; offset < StubPage.BYTES; offset++) {
                // Arguments that would do harm: a list of calls, numbers of calls, own stack.
                for (long number : new long[] {11, 56, 157, 231}) {
                    Registers registers = guest.registers;
                    registers.segment().fill((byte) 0);
                    registers.setRip(StubLayout.STUB_PAGE + offset);
                    registers.setRsp(Guest.STACK);
                    registers.setEflags(0x202);
                    registers.setRax(number);
                    registers.setRbx(Guest.DATA);
                    registers.setRbp(Guest.DATA + 560);
                    registers.setRdi(StubLayout.STUB_PAGE);
                    registers.setRsi(StubPage.BYTES);
                    Trap trap = guest.run();
                    assertTrue(!(trap instanceof Trap.UnknownExit), trap::toString);
                }
            }
        } finally {
            kicker.interrupt();
            kicker.join();
        }
        assertEquals(before, userMappings());
        assertEquals(3, HostProcesses.list("/proc/" + pid + "/task").size());
        assertEquals(2, HostProcesses.inGroup(HostProcesses.groupOf(pid)).size());
    }

    @Test
    void aGuestFindsNothingToReadInTheStubsPagesThatIsWritable() {
        guest.code("8b03 0f05"); // mov eax, [rbx]; syscall
        for (long page : new long[] {StubLayout.STUB_PAGE, StubLayout.BATCH_PAGE}) {
            guest.registers.setRip(Guest.CODE);
            guest.registers.setRbx(page);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
        }
    }

    // The filter behind ptrace: what even the stub's own code may not do.
    @ParameterizedTest
    @CsvSource({
        "39, 0, 0, 0, 0, 0", // getpid
        "1, 5, 0x500000, 1, 0, 0", // write
        "2, 0x500000, 0, 0, 0, 0", // open
        "41, 1, 1, 0, 0, 0", // socket
        "59, 0x500000, 0, 0, 0, 0", // execve
        "101, 0, 0, 0, 0, 0", // ptrace
        "9, 0x700000, 4096, 3, 0x32, -1", // mmap anonymous, private
        "9, 0x700000, 4096, 3, 0x01, 5", // mmap not fixed
        "9, 0x7fffffffe000, 4096, 3, 0x11, 5", // mmap over the stub page
        "9, 0x7fffffffd000, 4096, 1, 0x11, 5", // mmap of another file over the batch page
        "9, 0x7fffffffd000, 8192, 1, 0x11, 4", // mmap over both
        "10, 0x7fffffffd000, 4096, 3, 0, 0", // mprotect
        "11, 0x7fffffffe000, 4096, 0, 0, 0", // munmap
        "11, 0x800000000000, 4096, 0, 0, 0",
        "56, 0x11, 0, 0, 0, 0", // clone
        "56, 0x100000000, 0, 0, 0, 0",
        "157, 4, 1, 0, 0, 0", // prctl
        "157, 1, 15, 0, 0, 0",
        "435, 0x500000, 88, 0, 0, 0", // clone3
        "0x40000027, 0, 0, 0, 0, 0", // getpid of the x32 table
    })
    void theFilterKillsWhatAStubDoesNotNeed(
            String number, String a0, String a1, String a2, String a3, String a4) {
        guest.code("0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        StubLostException lost =
                assertThrows(StubLostException.class, () -> inject(number, a0, a1, a2, a3, a4));
        assertEquals(SIGSYS, lost.status() & 0x7f, lost.getMessage());
    }

    @Test
    void theFilterLetsPassWhatTheTracerNeeds() {
        guest.code("0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(0x70_0000, inject("9", "0x700000", "4096", "3", "0x11", "5"));
        assertEquals(0, inject("10", "0x700000", "4096", "1", "0", "0"));
        assertEquals(0, inject("11", "0x700000", "4096", "0", "0", "0"));
        assertEquals(0, inject("157", "1", "9", "0", "0", "0"));
    }

    @Test
    void theBatchPagesCannotBeMadeWritable() {
        guest.code("0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(-13, inject("9", "0x700000", "4096", "3", "0x11", "4"));
    }

    @Test
    void aGuestThatIsKilledByTheFilterLeavesItsContextUsable() {
        theFilterKillsWhatAStubDoesNotNeed("39", "0", "0", "0", "0", "0");
        assertInstanceOf(Trap.UnknownExit.class, guest.run());
    }

    private long inject(String... numbers) {
        PtraceContext context = (PtraceContext) guest.context;
        Tracer tracer = context.tracer();
        MemorySegment registers = tracer.registers();
        tracer.prepare(guest.platform.page().call());
        int[] order = {
            UserRegs.RAX, UserRegs.RDI, UserRegs.RSI, UserRegs.RDX, UserRegs.R10, UserRegs.R8
        };
        for (int i = 0; i < numbers.length; i++) {
            registers.set(JAVA_LONG, order[i], Long.decode(numbers[i]));
        }
        tracer.run(context.tid(), guest.platform.page().callEnd());
        return registers.get(JAVA_LONG, UserRegs.RAX);
    }

    /** The ranges and permissions in /proc/PID/maps, but the vsyscall page's. */
    private List<String> userMappings() {
        List<String> found = new ArrayList<>();
        for (String line : HostProcesses.read("/proc/" + pid + "/maps").lines().toList()) {
            if (!line.contains("[vsyscall]")) {
                found.add(line.substring(0, line.indexOf(' ') + 5));
            }
        }
        return found;
    }

    /** Interrupts a context every so often, in case what it executes is a loop. */
    private static Thread kicker(ExecutionContext context) {
        Thread thread =
                new Thread(() -> {
                    while (true) {
                        try {
                            Thread.sleep(20);
                        } catch (InterruptedException e) {
                            return;
                        }
                        context.interrupt();
                    }
                });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
