package dev.plinth.testkit.mock;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.api.platform.UnsupportedCapabilityException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

@Timeout(30)
class MockPlatformTest {
    private static final int PAGE = 4096;
    private static final long TEXT = 0x400000;
    private static final long STACK = 0x700000;
    private static final long STACK_TOP = STACK + PAGE;
    private static final long DATA = 0x600000;
    private static final AddressRange DATA_PAGE = AddressRange.ofLength(DATA, PAGE);

    /** Where the pages are in the file. */
    private static final long TEXT_OFFSET = 0;

    private static final long STACK_OFFSET = PAGE;
    private static final long DATA_OFFSET = 2 * PAGE;

    private final MockPrograms programs = new MockPrograms();
    private final FakeBackingFile file = new FakeBackingFile(16 * PAGE);
    private final Registers registers = new Registers();

    private MockPlatform platform;
    private MockAddressSpace space;
    private ExecutionContext context;

    @BeforeEach
    void openPlatform() {
        platform = new MockPlatform(programs, List.of(file));
        space = platform.newAddressSpace();
        space.map(AddressRange.ofLength(STACK, PAGE), file, STACK_OFFSET, AccessType.READ_WRITE);
        context = platform.newContext();
        registers.setRsp(STACK_TOP);
    }

    @AfterEach
    void closeEverything() {
        context.close();
        space.close();
        assertFalse(guestThreads(), "a guest thread survives");
        platform.close();
        file.close();
    }

    @Test
    void systemCallHasNumberArgumentsAndResult() {
        List<Long> results = new ArrayList<>();
        start(
                programs.add(
                        "caller",
                        guest -> {
                            results.add(guest.syscall(39, 1, 2, 3, 4, 5, 6));
                            results.add(guest.syscall(40));
                        }));

        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(39, registers.origRax());
        assertEquals(1, registers.rdi());
        assertEquals(2, registers.rsi());
        assertEquals(3, registers.rdx());
        assertEquals(4, registers.r10());
        assertEquals(5, registers.r8());
        assertEquals(6, registers.r9());
        assertEquals(registers.rip(), registers.rcx());
        assertEquals(registers.eflags(), registers.r11());

        registers.setRax(1234);
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(40, registers.origRax());
        assertEquals(List.of(1234L), results);
    }

    @Test
    void systemCallIsRepeatedWhereTheKernelSetsTheInstructionPointerBack() {
        List<Long> results = new ArrayList<>();
        start(
                programs.add(
                        "caller",
                        guest -> {
                            results.add(guest.syscall(7));
                            guest.syscall(60);
                        }));

        run();
        registers.setRip(registers.rip() - 2);
        registers.setRax(219);
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(219, registers.origRax());
        assertEquals(List.of(), results);

        registers.setRax(5);
        run();
        assertEquals(60, registers.origRax());
        assertEquals(List.of(5L), results);
    }

    @Test
    void faultTellsAddressAndAccessAndIsTriedAgain() {
        start(
                programs.add(
                        "toucher",
                        guest -> {
                            guest.touch(DATA + 5);
                            guest.storeLong(DATA + 8, 77);
                            guest.syscall(60);
                        }));

        assertEquals(fault(DATA + 5, AccessType.READ, SignalCode.SEGV_MAPERR), run());
        assertEquals(fault(DATA + 5, AccessType.READ, SignalCode.SEGV_MAPERR), run());
        space.map(DATA_PAGE, file, DATA_OFFSET, AccessType.READ);
        assertEquals(fault(DATA + 8, AccessType.WRITE, SignalCode.SEGV_ACCERR), run());
        space.protect(DATA_PAGE, AccessType.READ_WRITE);
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(77, file.view().get(ValueLayout.JAVA_LONG, DATA_OFFSET + 8));
    }

    @Test
    void accessOverTheBorderOfTwoPagesFaultsAtTheFirstByteThatCannotBeTouched() {
        space.map(DATA_PAGE, file, DATA_OFFSET, AccessType.READ_WRITE);
        start(
                programs.add(
                        "crosser",
                        guest -> {
                            guest.storeLong(DATA + PAGE - 3, -1);
                            guest.syscall(60);
                        }));

        assertEquals(fault(DATA + PAGE, AccessType.WRITE, SignalCode.SEGV_MAPERR), run());
        assertEquals(0, file.view().get(ValueLayout.JAVA_BYTE, DATA_OFFSET + PAGE - 1));
        space.map(AddressRange.ofLength(DATA + PAGE, PAGE), file, 5 * PAGE, AccessType.READ_WRITE);
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(-1, file.view().get(ValueLayout.JAVA_BYTE, DATA_OFFSET + PAGE - 1));
        assertEquals(-1, file.view().get(ValueLayout.JAVA_BYTE, 5 * PAGE + 4));
        assertEquals(0, file.view().get(ValueLayout.JAVA_BYTE, 5 * PAGE + 5));
    }

    @Test
    void instructionThatCannotBeFetchedIsAnExecuteFault() {
        MockProgram jumper = programs.add("jumper", guest -> guest.jump(0));
        registers.setRip(TEXT);
        assertEquals(fault(TEXT, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), run());
        write(jumper, TEXT_OFFSET);
        space.map(AddressRange.ofLength(TEXT, PAGE), file, TEXT_OFFSET, AccessType.READ);
        assertEquals(fault(TEXT, AccessType.EXECUTE, SignalCode.SEGV_ACCERR), run());
        space.protect(AddressRange.ofLength(TEXT, PAGE), AccessType.READ_EXECUTE);
        assertEquals(fault(0, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), run());
        assertEquals(0, registers.rip());
    }

    @Test
    void whatIsNoProgramIsAnUndefinedInstruction() {
        space.map(AddressRange.ofLength(TEXT, PAGE), file, TEXT_OFFSET, AccessType.READ_EXECUTE);
        registers.setRip(TEXT + 7);
        assertEquals(new Trap.CpuException(Signal.SIGILL, SignalCode.ILL_ILLOPN, TEXT + 7), run());
    }

    @Test
    void nonCanonicalAddressIsAGeneralProtectionFault() {
        start(programs.add("wild", guest -> guest.touch(1L << 47)));
        assertEquals(new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0), run());
    }

    @Test
    void faultingInstructionIsLeftOutWhereTheKernelMovesBehindIt() {
        start(
                programs.add(
                        "skipper",
                        guest -> {
                            guest.touch(DATA);
                            guest.undefinedInstruction();
                            guest.syscall(60);
                        }));
        assertInstanceOf(Trap.Fault.class, run());
        registers.setRip(registers.rip() + 2);
        assertInstanceOf(Trap.CpuException.class, run());
        assertInstanceOf(Trap.CpuException.class, run());
        registers.setRip(registers.rip() + 2);
        assertSame(Trap.SYSTEM_CALL, run());
    }

    @Test
    void handlerRunsOnTopAndTheInterruptedProgramGoesOnAfterwards() {
        List<String> order = new ArrayList<>();
        MockProgram main =
                programs.add(
                        "main",
                        guest -> {
                            order.add("main " + guest.syscall(1));
                            guest.syscall(60);
                        });
        MockProgram handler = programs.add("handler", guest -> order.add("handler"));
        MockProgram restorer = programs.add("restorer", guest -> guest.syscall(15));
        start(main);
        assertSame(Trap.SYSTEM_CALL, run());
        registers.setRax(42);
        Registers interrupted = new Registers();
        interrupted.copyFrom(registers);

        registers.setRsp(registers.rsp() - 512);
        file.view()
                .set(
                        ValueLayout.JAVA_LONG,
                        STACK_OFFSET + registers.rsp() - STACK,
                        addressOf(restorer));
        registers.setRip(addressOf(handler));
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(15, registers.origRax());
        assertEquals(STACK_TOP - 512 + 8, registers.rsp());
        assertEquals(List.of("handler"), order);

        registers.copyFrom(interrupted);
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(60, registers.origRax());
        assertEquals(List.of("handler", "main 42"), order);
    }

    @Test
    void sameProgramInterruptedByItselfGoesOnByItsStackPointer() {
        List<Long> results = new ArrayList<>();
        start(programs.add("recursive", guest -> results.add(guest.syscall(1))));
        run();
        Registers outer = new Registers();
        outer.copyFrom(registers);

        registers.setRip(TEXT);
        registers.setRsp(STACK_TOP - 512);
        run();
        assertEquals(outer.rip(), registers.rip());
        outer.setRax(7);
        registers.copyFrom(outer);
        run();
        assertEquals(List.of(7L), results);
    }

    @Test
    void childBeginsAtTheProgramThatItsParentNames() throws Exception {
        List<Long> results = new ArrayList<>();
        MockProgram child =
                programs.add("child", guest -> guest.syscall(60, guest.registers().rax()));
        start(
                programs.add(
                        "parent",
                        guest -> {
                            results.add(guest.fork(child, 57));
                            guest.syscall(61);
                        }));
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(57, registers.origRax());

        Registers childRegisters = new Registers();
        childRegisters.copyFrom(registers);
        childRegisters.setRax(0);
        FutureTask<Trap> childRun =
                new FutureTask<>(() -> {
                    try (ExecutionContext second = platform.newContext()) {
                        return second.run(space, childRegisters);
                    }
                });
        Thread.ofPlatform().start(childRun);
        assertSame(Trap.SYSTEM_CALL, childRun.get());
        assertEquals(60, childRegisters.origRax());
        assertEquals(0, childRegisters.rdi());

        registers.setRax(1000);
        assertSame(Trap.SYSTEM_CALL, run());
        assertEquals(61, registers.origRax());
        assertEquals(List.of(1000L), results);
    }

    @Test
    void calledProgramReturns() {
        List<String> order = new ArrayList<>();
        MockProgram callee =
                programs.add(
                        "callee",
                        guest -> {
                            guest.syscall(2);
                            order.add("callee");
                        });
        start(
                programs.add(
                        "caller",
                        guest -> {
                            guest.call(guest.addressOf(callee));
                            order.add("caller");
                            guest.syscall(60);
                        }));
        run();
        assertEquals(2, registers.origRax());
        run();
        assertEquals(60, registers.origRax());
        assertEquals(List.of("callee", "caller"), order);
        assertEquals(STACK_TOP, registers.rsp());
    }

    @Test
    void interruptBeforeRunIsTakenByTheNextAndOnlyByThat() {
        start(programs.add("caller", guest -> guest.syscall(39)));
        context.interrupt();
        context.interrupt();
        assertSame(Trap.INTERRUPTED, run());
        assertEquals(TEXT, registers.rip());
        assertSame(Trap.SYSTEM_CALL, run());
    }

    @Test
    void interruptStopsAProgramThatSpins() throws Exception {
        CountDownLatch spinning = new CountDownLatch(1);
        start(
                programs.add(
                        "spinner",
                        guest -> {
                            spinning.countDown();
                            while (guest.registers().rbx() == 0) {
                                guest.spin();
                            }
                            guest.syscall(60);
                        }));
        Thread interrupter =
                Thread.ofPlatform()
                        .start(() -> {
                            awaitUninterruptibly(spinning);
                            context.interrupt();
                        });
        assertSame(Trap.INTERRUPTED, run());
        interrupter.join();
        registers.setRbx(1);
        assertSame(Trap.SYSTEM_CALL, run());
    }

    @Test
    void unmappedMemoryIsGoneForAProgramThatRuns() throws Exception {
        space.map(DATA_PAGE, file, DATA_OFFSET, AccessType.READ_WRITE);
        CountDownLatch touching = new CountDownLatch(1);
        start(
                programs.add(
                        "toucher",
                        guest -> {
                            while (true) {
                                guest.touch(DATA);
                                touching.countDown();
                                guest.spin();
                            }
                        }));
        Thread unmapper =
                Thread.ofPlatform()
                        .start(() -> {
                            awaitUninterruptibly(touching);
                            space.unmap(DATA_PAGE);
                        });
        assertEquals(fault(DATA, AccessType.READ, SignalCode.SEGV_MAPERR), run());
        unmapper.join();
    }

    @Test
    void mappingInTheMiddleLeavesBothEnds() {
        AddressRange three = AddressRange.ofLength(DATA, 3 * PAGE);
        space.map(three, file, DATA_OFFSET, AccessType.READ);
        space.protect(AddressRange.ofLength(DATA + PAGE, PAGE), AccessType.NONE);
        assertEquals(
                List.of(
                        new MockAddressSpace.Mapping(DATA_PAGE, file, DATA_OFFSET, AccessType.READ),
                        new MockAddressSpace.Mapping(
                                AddressRange.ofLength(DATA + PAGE, PAGE),
                                file,
                                DATA_OFFSET + PAGE,
                                AccessType.NONE),
                        new MockAddressSpace.Mapping(
                                AddressRange.ofLength(DATA + 2 * PAGE, PAGE),
                                file,
                                DATA_OFFSET + 2 * PAGE,
                                AccessType.READ)),
                space.mappings().subList(0, 3));
        space.unmap(three);
        assertEquals(1, space.mappings().size());
    }

    @Test
    void programCodeThatThrowsLosesTheThreadAndFailsTheTest() {
        MockPlatform other = new MockPlatform(programs, List.of(file));
        IllegalArgumentException cause = new IllegalArgumentException("of the guest program");
        MockProgram failing =
                programs.add(
                        "failing",
                        guest -> {
                            throw cause;
                        });
        write(failing, TEXT_OFFSET);
        registers.setRip(TEXT);
        try (MockAddressSpace otherSpace = other.newAddressSpace();
                ExecutionContext otherContext = other.newContext()) {
            otherSpace.map(
                    AddressRange.ofLength(TEXT, PAGE), file, TEXT_OFFSET, AccessType.EXECUTE);
            assertInstanceOf(Trap.UnknownExit.class, otherContext.run(otherSpace, registers));
        }
        AssertionError error = assertThrows(AssertionError.class, other::close);
        assertSame(cause, error.getCause());
    }

    @Test
    void platformWithSomethingOpenDoesNotClose() {
        assertThrows(IllegalStateException.class, platform::close);
    }

    @Test
    void trapFlagIsRefused() {
        start(programs.add("caller", guest -> guest.syscall(39)));
        registers.setEflags(0x100);
        UnsupportedCapabilityException refusal =
                assertThrows(UnsupportedCapabilityException.class, this::run);
        assertEquals(PlatformFeature.SINGLE_STEP, refusal.feature());
    }

    @Test
    void executableHoldsTheProgramsAtTheirAddresses() {
        MockProgram first = programs.add("first", guest -> guest.exit(1));
        MockProgram second = programs.add("second", guest -> guest.exit(2));
        byte[] elf = second.elf();
        long header = MockElf.BASE_ADDRESS;
        assertNotEquals(first.address(), second.address());
        for (MockProgram program : List.of(first, second)) {
            byte[] bytes = new byte[MockCode.SLOT_BYTES];
            System.arraycopy(elf, (int) (program.address() - header), bytes, 0, bytes.length);
            assertArrayEquals(program.bytes(), bytes);
            assertEquals(Optional.of(program), programs.decode(bytes));
        }
    }

    @Test
    void programThatReturnsGoesToTheAddressOnTheStack() {
        start(programs.add("returning", guest -> guest.push(0x123456)));
        assertEquals(fault(0x123456, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), run());
        assertEquals(STACK_TOP, registers.rsp());
    }

    @Test
    void contextBelongsToItsThread() throws Exception {
        FutureTask<Void> elsewhere =
                new FutureTask<>(() -> {
                    assertThrows(IllegalStateException.class, this::run);
                    assertThrows(IllegalStateException.class, context::close);
                    return null;
                });
        Thread.ofPlatform().start(elsewhere);
        elsewhere.get();
    }

    /** Maps every program, each in its slot, and points the registers to one. */
    private void start(MockProgram program) {
        byte[] elf = program.elf();
        int text = (int) (program.address() - MockElf.BASE_ADDRESS) & -PAGE;
        for (int at = text; at < elf.length; at++) {
            file.view().set(ValueLayout.JAVA_BYTE, TEXT_OFFSET + at - text, elf[at]);
        }
        space.map(AddressRange.ofLength(TEXT, PAGE), file, TEXT_OFFSET, AccessType.READ_EXECUTE);
        registers.setRip(addressOf(program));
    }

    private static long addressOf(MockProgram program) {
        return TEXT + (long) program.number() * MockCode.SLOT_BYTES;
    }

    private void write(MockProgram program, long offset) {
        byte[] bytes = program.bytes();
        for (int i = 0; i < bytes.length; i++) {
            file.view().set(ValueLayout.JAVA_BYTE, offset + i, bytes[i]);
        }
    }

    private Trap run() {
        return context.run(space, registers);
    }

    private static Trap.Fault fault(long address, AccessType access, int code) {
        return new Trap.Fault(address, access, Signal.SIGSEGV, code);
    }

    private static boolean guestThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().startsWith("mock-guest-"));
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            assertTrue(latch.await(10, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
