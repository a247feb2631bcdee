package dev.plinth.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** More contexts than vCPUs. */
@RequiresKvm
@Timeout(60)
class VcpuPoolTest {
    private static final int XMM0 = 160;

    @Test
    void contextsTakeTurnsAndKeepTheirState() throws Exception {
        try (Guest guest = new Guest(2)) {
            // paddq %xmm1, %xmm0; mov %fs:0, %rbx; syscall; jmp back
            guest.code("660fd4c1 64488b1c2500000000 0f05 ebef");
            for (int i = 0; i < 8; i++) {
                guest.memory.view().set(JAVA_LONG, Guest.PAGE + i * 64L, 5000 + i);
            }
            inThreads(
                    7,
                    number -> {
                        try (ExecutionContext context = guest.platform.newContext();
                                Arena arena = Arena.ofConfined()) {
                            count(guest, context, arena, number);
                        }
                        return null;
                    });
            assertEquals(2, guest.platform.vcpus().made());
        }
    }

    private static void count(Guest guest, ExecutionContext context, Arena arena, int number) {
        MemorySegment area = arena.allocate(4096, 64);
        context.readVectorState(area);
        area.set(JAVA_LONG, XMM0, 0);
        area.set(JAVA_LONG, XMM0 + 16, number + 1);
        context.writeVectorState(area);
        Registers registers = new Registers();
        Guest.reset(registers);
        registers.setFsBase(Guest.DATA + number * 64L);
        for (int round = 1; round <= 200; round++) {
            assertSame(Trap.SYSTEM_CALL, context.run(guest.space, registers));
            assertEquals(5000 + number, registers.rbx());
            assertEquals(Guest.DATA + number * 64L, registers.fsBase());
            if (round % 50 == 0) {
                context.readVectorState(area);
                assertEquals((long) round * (number + 1), area.get(JAVA_LONG, XMM0));
            }
        }
    }

    @Test
    void contextsThatNeverStopDoNotKeepOthersFromExecuting() throws Exception {
        try (Guest guest = new Guest(2)) {
            guest.code("ebfe 0f05"); // jmp to itself; and, two bytes behind, syscall
            CountDownLatch done = new CountDownLatch(1);
            List<ExecutionContext> spinning = new ArrayList<>();
            inThreads(
                    5,
                    number -> {
                        try (ExecutionContext context = guest.platform.newContext()) {
                            Registers registers = new Registers();
                            Guest.reset(registers);
                            if (number < 4) {
                                synchronized (spinning) {
                                    spinning.add(context);
                                }
                                assertSame(Trap.INTERRUPTED, context.run(guest.space, registers));
                                assertEquals(Guest.CODE, registers.rip());
                            } else {
                                Thread.sleep(100);
                                for (int i = 0; i < 20; i++) {
                                    registers.setRip(Guest.CODE + 2);
                                    assertSame(
                                            Trap.SYSTEM_CALL, context.run(guest.space, registers));
                                }
                                done.countDown();
                                synchronized (spinning) {
                                    assertEquals(4, spinning.size());
                                    spinning.forEach(ExecutionContext::interrupt);
                                }
                            }
                        }
                        return null;
                    });
            assertEquals(0, done.getCount());
        }
    }

    @Test
    void anInterruptEndsTheWaitForAVcpu() throws Exception {
        try (Guest guest = new Guest(1)) {
            guest.code("ebfe");
            CountDownLatch made = new CountDownLatch(2);
            ExecutionContext[] contexts = new ExecutionContext[2];
            long start = System.nanoTime();
            inThreads(
                    3,
                    number -> {
                        if (number == 2) {
                            made.await();
                            Thread.sleep(50);
                            for (ExecutionContext context : contexts) {
                                context.interrupt();
                            }
                            return null;
                        }
                        try (ExecutionContext context = guest.platform.newContext()) {
                            contexts[number] = context;
                            made.countDown();
                            Registers registers = new Registers();
                            Guest.reset(registers);
                            assertSame(Trap.INTERRUPTED, context.run(guest.space, registers));
                        }
                        return null;
                    });
            assertTrue(System.nanoTime() - start < 10_000_000_000L);
        }
    }

    /** What one of several threads does. */
    private interface Work {
        Void run(int number) throws Exception;
    }

    private static void inThreads(int count, Work work) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(count)) {
            List<Future<Void>> results = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                Callable<Void> task = () -> work.run(number);
                results.add(threads.submit(task));
            }
            for (Future<Void> result : results) {
                result.get();
            }
        }
    }
}
