package dev.plinth.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Trap;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Exceptions while somebody interrupts all the time: none is lost, raised twice, or delivered to
 * whatever the vCPU does next.
 */
@RequiresKvm
@Timeout(120)
class InFlightExceptionTest {
    private static final int ROUNDS = 1500;

    private final AtomicBoolean over = new AtomicBoolean();
    private final Guest guest = new Guest();
    private Thread interrupter;
    private int interrupts;

    @BeforeEach
    void startInterrupting() {
        ExecutionContext context = guest.context;
        interrupter =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!over.get()) {
                                context.interrupt();
                                LockSupport.parkNanos(30_000);
                            }
                        });
    }

    @AfterEach
    void stopInterrupting() throws InterruptedException {
        over.set(true);
        interrupter.join();
        guest.close();
        assertTrue(interrupts > ROUNDS / 50, () -> "only " + interrupts + " interrupts");
    }

    private Trap run() {
        Trap trap = guest.run();
        while (trap instanceof Trap.Interrupted) {
            interrupts++;
            trap = guest.run();
        }
        return trap;
    }

    @Test
    void breakpoints() {
        guest.code("cc ebfd"); // int3; jmp back
        for (int i = 0; i < ROUNDS; i++) {
            assertEquals(new Trap.CpuException(Signal.SIGTRAP, SignalCode.SI_KERNEL, 0), run());
            assertEquals(Guest.CODE + 1, guest.registers.rip());
        }
    }

    @Test
    void steps() {
        guest.code("48ffc3 48ffc3 ebf8"); // inc %rbx; inc %rbx; jmp back
        long[] next = {Guest.CODE + 3, Guest.CODE + 6, Guest.CODE};
        for (int i = 0; i < ROUNDS; i++) {
            guest.registers.setEflags(guest.registers.eflags() | 0x100);
            assertEquals(
                    new Trap.CpuException(Signal.SIGTRAP, SignalCode.TRAP_TRACE, next[i % 3]),
                    run());
            assertEquals(i / 3 * 2 + Math.min(i % 3 + 1, 2), guest.registers.rbx());
        }
    }

    @Test
    void undefinedInstructions() {
        guest.code("48ffc3 0f0b"); // inc %rbx; ud2
        for (int i = 0; i < ROUNDS; i++) {
            guest.registers.setRip(Guest.CODE);
            assertEquals(
                    new Trap.CpuException(Signal.SIGILL, SignalCode.ILL_ILLOPN, Guest.CODE + 3),
                    run());
            assertEquals(Guest.CODE + 3, guest.registers.rip());
            assertEquals(i + 1, guest.registers.rbx());
        }
    }

    @Test
    void divisionsByZero() {
        guest.code("48ffc3 31c9 f7f1"); // inc %rbx; xor %ecx, %ecx; div %ecx
        for (int i = 0; i < ROUNDS; i++) {
            guest.registers.setRip(Guest.CODE);
            assertEquals(
                    new Trap.CpuException(Signal.SIGFPE, SignalCode.FPE_INTDIV, Guest.CODE + 5),
                    run());
            assertEquals(i + 1, guest.registers.rbx());
        }
    }

    @Test
    void privilegedInstructionsAndCpuid() {
        guest.code("31c0 0fa2 f4"); // xor %eax, %eax; cpuid; hlt
        for (int i = 0; i < ROUNDS; i++) {
            guest.registers.setRip(Guest.CODE);
            assertEquals(new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0), run());
            assertEquals(Guest.CODE + 4, guest.registers.rip());
        }
    }

    @Test
    void faultsOfManyPages() {
        guest.code(
                "48ffc3 880a 4881c200100000 ebf2"); // inc %rbx; mov %cl,(%rdx); add $4096,%rdx; jmp
        for (int i = 0; i < ROUNDS; i++) {
            long address = 0x7000_0000L + i * 4096L;
            if (i == 0) {
                guest.registers.setRdx(address);
            }
            Trap expected =
                    new Trap.Fault(
                            address, AccessType.WRITE, Signal.SIGSEGV, SignalCode.SEGV_MAPERR);
            assertEquals(expected, run());
            assertEquals(i + 1, guest.registers.rbx());
            guest.map(address, Guest.FREE, AccessType.READ_WRITE);
        }
    }

    @Test
    void systemCalls() {
        guest.code("48ffc3 0f05 ebf9"); // inc %rbx; syscall; jmp back
        for (int i = 0; i < 2 * ROUNDS; i++) {
            guest.registers.setRcx(i);
            assertSame(Trap.SYSTEM_CALL, run());
            assertEquals(i + 1, guest.registers.rbx());
            assertEquals(Guest.CODE + 5, guest.registers.rip());
            assertEquals(Guest.STACK, guest.registers.rsp());
        }
    }
}
