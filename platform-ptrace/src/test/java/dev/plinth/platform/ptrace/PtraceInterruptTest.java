package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.platform.Trap;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.atomic.AtomicInteger;

/** What stops a guest from outside, and what does not reach it. */
@Timeout(60)
class PtraceInterruptTest {
    private static final String SPIN = "ebfe"; // jmp $

    private final Guest guest = new Guest();

    @AfterEach
    void close() {
        guest.close();
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
            Thread kicker = OtherThreads.startDaemon(guest.context::interrupt);
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
        Thread first = OtherThreads.startDaemon(storm);
        Thread second = OtherThreads.startDaemon(storm);
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
        int pid = guest.pid();
        int tid = ((PtraceContext) guest.context).tid();
        Thread sender =
                OtherThreads.startDaemon(() -> {
                    for (int signal : new int[] {4, 5, 7, 8, 10, 11, 14, 15, 17, 18, 31}) {
                        TestingHost.HOST.syscall(SystemCalls.TGKILL, pid, tid, signal);
                        OtherThreads.sleepBriefly();
                    }
                    guest.context.interrupt();
                });
        assertEquals(Trap.INTERRUPTED, guest.run());
        sender.join();
    }
}
