package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RCX;
import static dev.plinth.testkit.assembler.Register.RDX;
import static dev.plinth.testkit.contract.TestProcess.DATA;
import static dev.plinth.testkit.contract.TestProcess.FREE;
import static dev.plinth.testkit.contract.Traps.unmapped;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Trap;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** Interrupts: latched, prompt, never lost, never one too many. */
interface InterruptContract extends ContractPart {
    /** What an interrupt of a guest that computes may take on a machine that is busy. */
    long PROMPT_NANOS = TimeUnit.SECONDS.toNanos(5);

    long TRAP_FLAG = 0x100;

    /** Counts in rcx and rdx, by the same number but for the moment between. */
    GuestProgram COMPUTE =
            new GuestAssembler()
                    .label("count")
                    .inc(RCX)
                    .label("between")
                    .inc(RDX)
                    .jmp("count")
                    .assemble();

    /** Counts in rbx and makes a system call each time. */
    GuestProgram CALL =
            new GuestAssembler().label("next").inc(RBX).syscall().jmp("next").assemble();

    /** Counts in rcx and touches what is not there each time. */
    GuestProgram FAULT =
            new GuestAssembler()
                    .label("next")
                    .inc(RCX)
                    .label("load")
                    .load(RAX, RBX, 0)
                    .label("behind")
                    .jmp("next")
                    .assemble();

    @Test
    default void interruptBeforeARunEndsItBeforeTheFirstInstruction() {
        GuestProgram program = new GuestAssembler().store(RBX, 0, RBX).syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).registers().setRbx(DATA);
            thread.registers().setRax(-512);
            thread.context().interrupt();
            assertSame(Trap.INTERRUPTED, thread.run());
            assertEquals(start, thread.registers().rip());
            assertEquals(DATA, thread.registers().rbx());
            assertEquals(-512, thread.registers().rax());
            assertEquals(0, Words.get(process.data(), 0));
            thread.runToSystemCall();
            assertEquals(DATA, Words.get(process.data(), 0));
        }
    }

    @Test
    default void interruptBeforeTheFirstRunOfAContextIsLatched() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.context().interrupt();
            thread.at(FREE);
            assertSame(Trap.INTERRUPTED, thread.run());
            assertEquals(unmapped(FREE, AccessType.EXECUTE), thread.run());
        }
    }

    @Test
    default void severalInterruptsBeforeARunAreOne() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(CALL);
            for (int round = 0; round < 100; round++) {
                thread.context().interrupt();
                thread.context().interrupt();
                thread.context().interrupt();
                assertSame(Trap.INTERRUPTED, thread.run());
                thread.runToSystemCall();
                assertEquals(round + 1, thread.registers().rbx());
            }
        }
    }

    @Test
    default void interruptOfOneContextIsNotSeenByAnother() {
        try (TestProcess process = tested().newProcess();
                TestThread one = process.newThread();
                TestThread other = process.newThread()) {
            long start = process.load(CALL);
            one.context().interrupt();
            other.at(start).runToSystemCall();
            assertSame(Trap.INTERRUPTED, one.at(start).run());
        }
    }

    @Test
    default void interruptStopsAGuestThatComputesAndTheGuestGoesOn() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(COMPUTE);
            long between = start + COMPUTE.offsetOf("between");
            thread.at(start);
            long last = 0;
            for (int round = 0; round < 40; round++) {
                ExecutionContext context = thread.context();
                Background<Long> interrupter =
                        Background.start(() -> {
                            Thread.sleep(2);
                            context.interrupt();
                            return System.nanoTime();
                        });
                assertSame(Trap.INTERRUPTED, thread.run());
                long nanos = System.nanoTime() - interrupter.await();
                assertTrue(nanos < PROMPT_NANOS, () -> "took " + nanos + " ns");
                long ahead = thread.registers().rip() == between ? 1 : 0;
                assertEquals(ahead, thread.registers().rcx() - thread.registers().rdx());
                assertTrue(thread.registers().rcx() >= last, "the guest did not go on");
                last = thread.registers().rcx();
            }
            assertTrue(last > 0, "the guest never ran");
        }
    }

    @Test
    default void interruptsStormingAGuestThatComputesAreNeitherLostNorTooMany() {
        storm(
                COMPUTE,
                0,
                (thread, trap) -> assertSame(Trap.INTERRUPTED, trap),
                thread -> {
                    long difference = thread.registers().rcx() - thread.registers().rdx();
                    assertTrue(difference == 0 || difference == 1, () -> "off by " + difference);
                });
    }

    @Test
    default void interruptsStormingAGuestThatMakesSystemCallsAreNeitherLostNorTooMany() {
        AtomicLong calls = new AtomicLong();
        storm(
                CALL,
                0,
                (thread, trap) -> {
                    assertSame(Trap.SYSTEM_CALL, trap);
                    calls.incrementAndGet();
                    assertEquals(calls.get(), thread.registers().rbx());
                    thread.registers().setRax(calls.get());
                },
                thread -> assertTrue(thread.registers().rbx() - calls.get() <= 1));
    }

    @Test
    default void interruptsStormingAGuestThatFaultsAreNeitherLostNorTooMany() {
        AtomicLong faults = new AtomicLong();
        storm(
                FAULT,
                FREE,
                (thread, trap) -> {
                    assertEquals(unmapped(FREE, AccessType.READ), trap);
                    assertEquals(faults.incrementAndGet(), thread.registers().rcx());
                    long length = FAULT.offsetOf("behind") - (long) FAULT.offsetOf("load");
                    thread.registers().setRip(thread.registers().rip() + length);
                },
                thread -> assertTrue(thread.registers().rcx() - faults.get() <= 1));
    }

    @Test
    default void interruptsStormingAGuestThatIsSteppedAreNeitherLostNorTooMany() {
        if (!tested().has(PlatformFeature.SINGLE_STEP)) {
            return;
        }
        AtomicLong steps = new AtomicLong();
        storm(
                COMPUTE,
                0,
                (thread, trap) -> {
                    assertInstanceOf(Trap.CpuException.class, trap);
                    thread.registers().setEflags(TRAP_FLAG);
                    steps.incrementAndGet();
                },
                thread -> {
                    // The first run is not stepped: how far it comes nobody knows.
                    if (steps.get() == 0) {
                        thread.registers().setRcx(0);
                        thread.registers().setRdx(0);
                        thread.registers().setEflags(TRAP_FLAG);
                        thread.registers().setRip(TestProcess.TEXT);
                    } else {
                        long done = thread.registers().rcx() + thread.registers().rdx();
                        // Two of the three instructions of the loop count.
                        assertEquals((2 * steps.get() + 2) / 3, done);
                    }
                });
    }

    @Test
    default void interruptOfAClosedContextHasNoEffect() {
        try (TestProcess process = tested().newProcess()) {
            ExecutionContext closed;
            try (TestThread thread = process.newThread()) {
                closed = thread.context();
                thread.at(CALL).runToSystemCall();
            }
            try (TestThread next = process.newThread()) {
                closed.interrupt();
                next.at(CALL).runToSystemCall();
                closed.interrupt();
                next.runToSystemCall();
            }
        }
    }

    @Test
    default void interruptWhileAContextClosesHasNoEffect() {
        try (TestProcess process = tested().newProcess()) {
            long start = process.load(CALL);
            for (int round = 0; round < 30; round++) {
                AtomicBoolean done = new AtomicBoolean();
                Background<Void> interrupter;
                try (TestThread thread = process.newThread()) {
                    ExecutionContext context = thread.context();
                    interrupter =
                            Background.start(() -> {
                                while (!done.get()) {
                                    context.interrupt();
                                }
                                return null;
                            });
                    thread.at(start).run();
                }
                try (TestThread next = process.newThread()) {
                    next.at(start).runToSystemCall();
                }
                done.set(true);
                interrupter.await();
            }
        }
    }

    /** What to do with a trap that is no interrupt. */
    @FunctionalInterface
    interface OtherTrap {
        void handle(TestThread thread, Trap trap);
    }

    /** What holds whenever the guest stands still. */
    @FunctionalInterface
    interface Invariant {
        void check(TestThread thread);
    }

    /**
     * Four threads interrupt a guest a hundred times each, and each waits every time until the
     * guest was seen interrupted after that.
     */
    private void storm(GuestProgram program, long rbx, OtherTrap otherTrap, Invariant invariant) {
        AtomicLong requested = new AtomicLong();
        AtomicLong seen = new AtomicLong();
        AtomicBoolean over = new AtomicBoolean();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(program).registers().setRbx(rbx);
            ExecutionContext context = thread.context();
            Background<Void> interrupters =
                    Background.start(() -> {
                        try {
                            interruptFromFourThreads(context, requested, seen);
                            return null;
                        } finally {
                            over.set(true);
                            requested.incrementAndGet();
                            context.interrupt();
                        }
                    });
            while (!over.get()) {
                Trap trap = thread.run();
                if (trap instanceof Trap.Interrupted) {
                    seen.incrementAndGet();
                } else {
                    otherTrap.handle(thread, trap);
                }
                invariant.check(thread);
            }
            interrupters.await();
            assertTrue(
                    seen.get() <= requested.get(),
                    () -> seen + " interrupts for " + requested + " requests");

            // At most one is latched now, and then none.
            context.interrupt();
            assertSame(Trap.INTERRUPTED, thread.run());
            thread.at(process.load(CALL)).runToSystemCall();
        }
    }

    private static void interruptFromFourThreads(
            ExecutionContext context, AtomicLong requested, AtomicLong seen) {
        List<Background<Void>> interrupters =
                IntStream.range(0, 4)
                        .mapToObj(i ->
                                Background.<Void>start(() -> {
                                    for (int j = 0; j < 100; j++) {
                                        interruptAndWait(context, requested, seen);
                                    }
                                    return null;
                                }))
                        .toList();
        interrupters.forEach(Background::await);
    }

    private static void interruptAndWait(
            ExecutionContext context, AtomicLong requested, AtomicLong seen)
            throws InterruptedException {
        long before = seen.get();
        requested.incrementAndGet();
        context.interrupt();
        long deadline = System.nanoTime() + PROMPT_NANOS;
        while (seen.get() == before) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("an interrupt was lost");
            }
            Thread.sleep(0, 50_000);
        }
    }
}
