package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RCX;
import static dev.plinth.testkit.assembler.Register.RDI;
import static dev.plinth.testkit.contract.TestProcess.DATA;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.api.platform.UnsupportedCapabilityException;
import dev.plinth.testkit.LeakCheck;
import dev.plinth.testkit.assembler.Condition;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** Address spaces and contexts: many, side by side, opened and closed, with nothing left. */
interface LifecycleContract extends ContractPart {
    /** Adds one to the word at rbx, rcx times, as other threads do at the same time. */
    GuestProgram ADD =
            new GuestAssembler()
                    .label("next")
                    .mov(RDI, 1)
                    .lockXadd(RBX, 0, RDI)
                    .dec(RCX)
                    .jump(Condition.NOT_EQUAL, "next")
                    .syscall()
                    .assemble();

    GuestProgram CALLS = new GuestAssembler().label("next").syscall().jmp("next").assemble();

    GuestProgram SPIN = new GuestAssembler().label("spin").jmp("spin").assemble();

    @Test
    default void contextMovesBetweenAddressSpaces() {
        GuestProgram program =
                new GuestAssembler()
                        .label("next")
                        .load(RDI, RBX, 0)
                        .syscall()
                        .jmp("next")
                        .assemble();
        try (TestProcess one = tested().newProcess();
                TestProcess other = tested().newProcess();
                TestThread thread = one.newThread()) {
            Words.set(one.data(), 0, 1);
            Words.set(other.data(), 0, 2);
            assertEquals(one.load(program), other.load(program));
            thread.at(TestProcess.TEXT).registers().setRbx(DATA);
            for (int i = 0; i < 20; i++) {
                TestProcess process = i % 3 == 0 ? other : one;
                Registers registers = thread.registers();
                assertSame(Trap.SYSTEM_CALL, thread.context().run(process.space(), registers));
                assertEquals(i % 3 == 0 ? 2 : 1, registers.rdi());
            }
        }
    }

    @Test
    default void contextOutlivesTheAddressSpaceItRanIn() {
        try (TestProcess other = tested().newProcess();
                TestThread thread = other.newThread()) {
            other.load(CALLS);
            for (int i = 0; i < 5; i++) {
                try (TestProcess passing = tested().newProcess()) {
                    assertEquals(TestProcess.TEXT, passing.load(CALLS));
                    thread.at(TestProcess.TEXT);
                    assertSame(
                            Trap.SYSTEM_CALL,
                            thread.context().run(passing.space(), thread.registers()));
                }
                thread.at(TestProcess.TEXT).runToSystemCall();
            }
        }
    }

    @Test
    default void addressSpaceOutlivesTheContextsThatRanInIt() {
        try (TestProcess process = tested().newProcess()) {
            for (int i = 0; i < 20; i++) {
                try (TestThread thread = process.newThread()) {
                    thread.at(process.loadOnce(CALLS)).runToSystemCall();
                }
            }
        }
    }

    @Test
    default void addressSpaceOutlivesTheThreadThatUsedItFirst() {
        try (TestProcess process = tested().newProcess()) {
            for (int i = 0; i < 5; i++) {
                Background.start(
                                () -> {
                                    try (TestThread thread = process.newThread()) {
                                        thread.at(process.loadOnce(CALLS)).runToSystemCall();
                                        return null;
                                    }
                                })
                        .await();
            }
            try (TestThread thread = process.newThread()) {
                thread.at(process.loadOnce(CALLS)).runToSystemCall();
            }
        }
    }

    @Test
    default void contextsInOneAddressSpaceRunAtOnce() {
        if (!tested().has(PlatformFeature.SHARED_ADDRESS_SPACE)) {
            return;
        }
        int threads = 4;
        int additions = 20_000;
        try (TestProcess process = tested().newProcess()) {
            long start = process.load(ADD);
            CountDownLatch ready = new CountDownLatch(threads);
            List<Background<Void>> adders = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                adders.add(
                        Background.start(() -> {
                            try (TestThread thread = process.newThread()) {
                                thread.at(start).registers().setRbx(DATA);
                                thread.registers().setRcx(additions);
                                ready.countDown();
                                ready.await(10, TimeUnit.SECONDS);
                                thread.runToSystemCall();
                                return null;
                            }
                        }));
            }
            adders.forEach(Background::await);
            assertEquals(threads * (long) additions, Words.get(process.data(), 0));
        }
    }

    @Test
    default void secondContextInAnAddressSpaceIsRefusedByAPlatformThatCannotShareIt()
            throws InterruptedException {
        if (tested().has(PlatformFeature.SHARED_ADDRESS_SPACE)) {
            return;
        }
        try (TestProcess process = tested().newProcess()) {
            long start = process.load(SPIN);
            AtomicReference<ExecutionContext> spinning = new AtomicReference<>();
            CountDownLatch ready = new CountDownLatch(1);
            Background<Trap> first =
                    Background.start(() -> {
                        try (TestThread thread = process.newThread()) {
                            spinning.set(thread.context());
                            ready.countDown();
                            return thread.at(start).run();
                        }
                    });
            ready.await(10, TimeUnit.SECONDS);
            Thread.sleep(50);
            try (TestThread second = process.newThread()) {
                UnsupportedCapabilityException refusal =
                        assertThrows(
                                UnsupportedCapabilityException.class, () -> second.at(start).run());
                assertEquals(PlatformFeature.SHARED_ADDRESS_SPACE, refusal.feature());
            } finally {
                spinning.get().interrupt();
            }
            assertSame(Trap.INTERRUPTED, first.await());
        }
    }

    @Test
    default void contextsOpenAndCloseWhileOthersRun() {
        boolean shared = tested().has(PlatformFeature.SHARED_ADDRESS_SPACE);
        try (TestProcess process = tested().newProcess();
                TestProcess beside = tested().newProcess()) {
            TestProcess busy = shared ? process : beside;
            busy.load(CALLS);
            process.loadOnce(CALLS);
            AtomicBoolean over = new AtomicBoolean();
            Background<Long> runner =
                    Background.start(() -> {
                        try (TestThread thread = busy.newThread()) {
                            thread.at(TestProcess.TEXT);
                            long calls = 0;
                            while (!over.get()) {
                                thread.runToSystemCall();
                                calls++;
                            }
                            return calls;
                        }
                    });
            for (int i = 0; i < 50; i++) {
                try (TestThread thread = process.newThread();
                        TestProcess passing = tested().newProcess()) {
                    thread.at(process.loadOnce(CALLS)).runToSystemCall();
                    passing.load(CALLS);
                    thread.at(TestProcess.TEXT);
                    thread.context().run(passing.space(), thread.registers());
                }
            }
            over.set(true);
            runner.await();
        }
    }

    @Test
    default void aThousandAddressSpacesLeaveNothing() {
        passThroughAddressSpaces(5);
        LeakCheck before = LeakCheck.now();
        passThroughAddressSpaces(1000);
        before.assertNothingNew();
    }

    @Test
    default void aThousandUnusedAddressSpacesLeaveNothing() {
        openAddressSpaces(5);
        LeakCheck before = LeakCheck.now();
        openAddressSpaces(1000);
        before.assertNothingNew();
    }

    private void openAddressSpaces(int count) {
        for (int i = 0; i < count; i++) {
            tested().platform().newAddressSpace().close();
        }
    }

    @Test
    default void aThousandContextsLeaveNothing() {
        try (TestProcess process = tested().newProcess()) {
            passThroughContexts(process, 5);
            LeakCheck before = LeakCheck.now();
            passThroughContexts(process, 1000);
            before.assertNothingNew();
        }
    }

    @Test
    default void manyAddressSpacesAreOpenAtOnce() {
        List<TestProcess> processes = new ArrayList<>();
        try (TestProcess first = tested().newProcess();
                TestThread thread = first.newThread()) {
            try {
                for (int i = 0; i < 100; i++) {
                    TestProcess process = tested().newProcess();
                    processes.add(process);
                    process.load(CALLS);
                    thread.at(TestProcess.TEXT);
                    assertSame(
                            Trap.SYSTEM_CALL,
                            thread.context().run(process.space(), thread.registers()));
                }
            } finally {
                processes.forEach(TestProcess::close);
            }
        }
    }

    @Test
    default void closingTwiceIsHarmless() {
        AddressSpace space = tested().platform().newAddressSpace();
        ExecutionContext context = tested().platform().newContext();
        for (int i = 0; i < 2; i++) {
            context.close();
            space.close();
        }
        try (PlatformUnderTest second = new PlatformUnderTest(tested().host(), factory())) {
            Platform platform = second.platform();
            platform.close();
            platform.close();
        }
    }

    @Test
    default void platformsLiveSideBySide() {
        try (PlatformUnderTest other = new PlatformUnderTest(tested().host(), factory());
                TestProcess here = tested().newProcess();
                TestProcess there = other.newProcess();
                TestThread one = here.newThread();
                TestThread two = there.newThread()) {
            here.load(CALLS);
            there.load(CALLS);
            for (int i = 0; i < 5; i++) {
                one.at(TestProcess.TEXT).runToSystemCall();
                two.at(TestProcess.TEXT).runToSystemCall();
            }
        }
    }

    private void passThroughAddressSpaces(int count) {
        try (ExecutionContext context = tested().platform().newContext()) {
            Registers registers = new Registers();
            long offset = tested().memory().allocate(tested().unit());
            Words.set(tested().memory().view(), offset, 0x050f); // syscall
            for (int i = 0; i < count; i++) {
                try (AddressSpace space = tested().platform().newAddressSpace()) {
                    space.map(
                            AddressRange.ofLength(DATA, tested().unit()),
                            tested().memory(),
                            offset,
                            AccessType.READ_EXECUTE);
                    registers.setRip(DATA);
                    assertSame(Trap.SYSTEM_CALL, context.run(space, registers));
                }
            }
        }
    }

    private static void passThroughContexts(TestProcess process, int count) {
        for (int i = 0; i < count; i++) {
            try (TestThread thread = process.newThread()) {
                thread.at(process.loadOnce(CALLS)).runToSystemCall();
            }
        }
    }
}
