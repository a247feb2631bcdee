package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RCX;
import static dev.plinth.testkit.contract.TestProcess.DATA;
import static dev.plinth.testkit.contract.TestProcess.FREE;
import static dev.plinth.testkit.contract.Traps.denied;
import static dev.plinth.testkit.contract.Traps.generalProtection;
import static dev.plinth.testkit.contract.Traps.undefined;
import static dev.plinth.testkit.contract.Traps.unmapped;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Memory that the guest may not touch: exact address, access and signal.
 *
 * <p>Each expectation is what a C program saw natively on Linux 6.18 (AMD), with {@code si_code}
 * and {@code si_addr} from its signal handler and the kind of access from bits 1 and 4 of the page
 * fault's error code.
 */
interface FaultContract extends ContractPart {
    /** Far from every mapping of a test process. */
    long NOWHERE = 0x5000_0000L;

    long FIRST_NON_CANONICAL = 0x8000_0000_0000L;
    long KERNEL_HALF = 0xffff_8000_0000_0000L;
    long VSYSCALL_PAGE = 0xffff_ffff_ff60_0000L;

    @Test
    default void unmappedMemoryCannotBeTouched() {
        expectFault(load(), NOWHERE + 5, unmapped(NOWHERE + 5, AccessType.READ));
        expectFault(store(), NOWHERE + 5, unmapped(NOWHERE + 5, AccessType.WRITE));
        expectFault(load(), 0, unmapped(0, AccessType.READ));
        expectFault(store(), 0x1234, unmapped(0x1234, AccessType.WRITE));
        expectFault(addTo(), NOWHERE, unmapped(NOWHERE, AccessType.WRITE));
    }

    @Test
    default void memoryWithoutAccessCannotBeTouched() {
        try (TestProcess process = tested().newProcess()) {
            process.protect(DATA, 1, AccessType.NONE);
            expectFault(process, load(), DATA + 8, denied(DATA + 8, AccessType.READ));
            expectFault(process, store(), DATA + 8, denied(DATA + 8, AccessType.WRITE));
            expectFault(process, addTo(), DATA + 8, denied(DATA + 8, AccessType.WRITE));
            expectJumpFault(process, DATA + 8, denied(DATA + 8, AccessType.EXECUTE));
        }
    }

    @Test
    default void readOnlyMemoryCannotBeWritten() {
        for (AccessType access :
                List.of(AccessType.READ, AccessType.READ_EXECUTE, AccessType.EXECUTE)) {
            try (TestProcess process = tested().newProcess()) {
                process.protect(DATA, 1, access);
                process.data().set(ValueLayout.JAVA_LONG, 8, 42);
                expectFault(process, store(), DATA + 8, denied(DATA + 8, AccessType.WRITE));
                expectFault(process, addTo(), DATA + 8, denied(DATA + 8, AccessType.WRITE));
                assertEquals(42, process.data().get(ValueLayout.JAVA_LONG, 8));
                expectLoad(process, DATA + 8, 42);
            }
        }
    }

    @Test
    default void writableMemoryCanBeRead() {
        try (TestProcess process = tested().newProcess()) {
            process.map(FREE, 1, process.dataOffset(), AccessType.WRITE);
            process.data().set(ValueLayout.JAVA_LONG, 16, 7);
            expectLoad(process, FREE + 16, 7);
        }
    }

    @Test
    default void memoryThatIsNotExecutableCannotBeExecuted() {
        for (AccessType access :
                List.of(AccessType.READ, AccessType.WRITE, AccessType.READ_WRITE)) {
            try (TestProcess process = tested().newProcess()) {
                process.map(FREE, 1, process.dataOffset(), access);
                expectJumpFault(process, FREE + 3, denied(FREE + 3, AccessType.EXECUTE));
            }
        }
    }

    @Test
    default void jumpToNowhereIsAnExecuteFaultThere() {
        try (TestProcess process = tested().newProcess()) {
            expectJumpFault(process, 0, unmapped(0, AccessType.EXECUTE));
            expectJumpFault(process, NOWHERE + 1, unmapped(NOWHERE + 1, AccessType.EXECUTE));
        }
    }

    @Test
    default void startAtNowhereIsAnExecuteFaultThere() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(NOWHERE);
            assertEquals(unmapped(NOWHERE, AccessType.EXECUTE), thread.run());
            thread.at(DATA);
            assertEquals(denied(DATA, AccessType.EXECUTE), thread.run());
            thread.at(0);
            assertEquals(unmapped(0, AccessType.EXECUTE), thread.run());
        }
    }

    @Test
    default void startAtANonCanonicalAddressIsAGeneralProtectionFault() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            for (long address : List.of(FIRST_NON_CANONICAL, Long.MIN_VALUE)) {
                thread.at(address);
                assertEquals(generalProtection(), thread.run());
                assertEquals(address, thread.registers().rip());
            }
        }
    }

    @Test
    default void callOfNowhereHasPushedItsReturnAddress() {
        GuestProgram program = new GuestAssembler().call(RBX).label("behind").assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).registers().setRsp(DATA + 64);
            assertEquals(unmapped(0, AccessType.EXECUTE), thread.run());
            assertEquals(0, thread.registers().rip());
            assertEquals(DATA + 56, thread.registers().rsp());
            assertEquals(
                    start + program.offsetOf("behind"),
                    process.data().get(ValueLayout.JAVA_LONG, 56));
        }
    }

    @Test
    default void accessOverTheEndOfAMappingFaultsAtTheFirstByteBehind() {
        try (TestProcess process = tested().newProcess()) {
            long end = process.dataEnd();
            process.data().fill((byte) 0x55);
            expectFault(process, load(), end - 3, unmapped(end, AccessType.READ));
            expectFault(process, store(), end - 3, unmapped(end, AccessType.WRITE));
            expectFault(process, addTo(), end - 3, unmapped(end, AccessType.WRITE));
            assertEquals(
                    0x55,
                    process.data().get(ValueLayout.JAVA_BYTE, end - DATA - 1),
                    "a part was written");
        }
    }

    @Test
    default void accessOverTheBeginningOfAMappingFaultsAtItsFirstByte() {
        expectFault(load(), DATA - 3, unmapped(DATA - 3, AccessType.READ));
        expectFault(store(), DATA - 3, unmapped(DATA - 3, AccessType.WRITE));
    }

    @Test
    default void accessOverABorderIntoLessAccessFaultsAtTheBorder() {
        try (TestProcess process = tested().newProcess()) {
            long border = process.unit(DATA, 1);
            process.protect(border, 1, AccessType.READ);
            expectFault(process, store(), border - 1, denied(border, AccessType.WRITE));
            process.protect(border, 1, AccessType.NONE);
            expectFault(process, load(), border - 1, denied(border, AccessType.READ));
            process.unmap(border, 1);
            expectFault(process, load(), border - 1, unmapped(border, AccessType.READ));
        }
    }

    @Test
    default void instructionOverTheEndOfTheTextFaultsAtTheFirstByteBehind() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long offset = process.map(FREE, 1, AccessType.READ_EXECUTE);
            long end = process.unit(FREE, 1);
            process.write(
                    offset + (end - FREE) - 3,
                    new GuestAssembler().mov(RAX, 1L << 40).assemble().code());
            thread.at(end - 3);
            assertEquals(unmapped(end, AccessType.EXECUTE), thread.run());
            assertEquals(end - 3, thread.registers().rip());
        }
    }

    @Test
    default void stackThatIsNotThereFaultsBelowTheStackPointer() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            GuestAssembler push = new GuestAssembler().push(RAX);
            GuestAssembler call = new GuestAssembler().call("next").label("next").nop();
            for (GuestAssembler program : List.of(push, call)) {
                long start = process.load(program.assemble());
                thread.at(start).registers().setRsp(NOWHERE);
                assertEquals(unmapped(NOWHERE - 8, AccessType.WRITE), thread.run());
                assertEquals(start, thread.registers().rip());
                assertEquals(NOWHERE, thread.registers().rsp());
            }
            GuestAssembler pop = new GuestAssembler().pop(RAX);
            GuestAssembler ret = new GuestAssembler().ret();
            for (GuestAssembler program : List.of(pop, ret)) {
                thread.at(program.assemble()).registers().setRsp(NOWHERE);
                assertEquals(unmapped(NOWHERE, AccessType.READ), thread.run());
                assertEquals(NOWHERE, thread.registers().rsp());
            }
        }
    }

    @Test
    default void stringInstructionStopsAtTheFirstByteItCannotTouch() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long end = process.dataEnd();
            Registers registers = thread.registers();
            long movs = process.load(new GuestAssembler().repMovsb().syscall().assemble());
            long stos = process.load(new GuestAssembler().repStosb().syscall().assemble());

            thread.at(stos);
            registers.setRax(0x77);
            registers.setRdi(end - 100);
            registers.setRcx(1000);
            assertEquals(unmapped(end, AccessType.WRITE), thread.run());
            assertEquals(end, registers.rdi());
            assertEquals(900, registers.rcx());
            assertEquals(stos, registers.rip());
            assertEquals(0x77, process.data().get(ValueLayout.JAVA_BYTE, end - DATA - 1));

            thread.at(movs);
            registers.setRsi(end - 100);
            registers.setRdi(DATA);
            registers.setRcx(1000);
            assertEquals(unmapped(end, AccessType.READ), thread.run());
            assertEquals(end, registers.rsi());
            assertEquals(DATA + 100, registers.rdi());
            assertEquals(900, registers.rcx());
            assertEquals(movs, registers.rip());

            // The rest follows when there is memory.
            process.map(end, 1, AccessType.READ);
            thread.runToSystemCall();
            assertEquals(end + 900, registers.rsi());
            assertEquals(DATA + 1000, registers.rdi());
        }
    }

    @Test
    default void faultingInstructionCanBeTriedAgain() {
        GuestProgram program =
                new GuestAssembler().load(RAX, RBX, 0).store(RBX, 8, RAX).syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(program).registers().setRbx(FREE);
            for (int i = 0; i < 3; i++) {
                assertEquals(unmapped(FREE, AccessType.READ), thread.run());
            }
            process.data().set(ValueLayout.JAVA_LONG, 0, 99);
            process.map(FREE, 1, process.dataOffset(), AccessType.READ);
            for (int i = 0; i < 3; i++) {
                assertEquals(denied(FREE + 8, AccessType.WRITE), thread.run());
            }
            process.protect(FREE, 1, AccessType.READ_WRITE);
            thread.runToSystemCall();
            assertEquals(99, process.data().get(ValueLayout.JAVA_LONG, 8));
        }
    }

    @Test
    default void faultLeavesTheRegistersOfBeforeTheInstruction() {
        GuestProgram program =
                new GuestAssembler().mov(RCX, 5).label("load").load(RBX, RBX, 0).assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).registers().setRbx(NOWHERE);
            thread.registers().setRax(-512);
            thread.registers().setEflags(0x41);
            thread.run();
            assertEquals(start + program.offsetOf("load"), thread.registers().rip());
            assertEquals(NOWHERE, thread.registers().rbx());
            assertEquals(5, thread.registers().rcx());
            assertEquals(-512, thread.registers().rax());
            assertEquals(0x41, thread.registers().eflags() & 0x41);
        }
    }

    @Test
    default void kernelHalfIsNotMapped() {
        for (long address : List.of(KERNEL_HALF, 0xffff_ffff_8100_0000L, VSYSCALL_PAGE, -8L)) {
            expectFault(load(), address, unmapped(address, AccessType.READ));
            expectFault(store(), address, unmapped(address, AccessType.WRITE));
        }
        try (TestProcess process = tested().newProcess()) {
            expectJumpFault(process, KERNEL_HALF, unmapped(KERNEL_HALF, AccessType.EXECUTE));
        }
    }

    @Test
    default void nonCanonicalAddressIsAGeneralProtectionFaultWithoutAddress() {
        for (long address : List.of(FIRST_NON_CANONICAL, Long.MIN_VALUE, KERNEL_HALF - 8)) {
            expectFault(load(), address, generalProtection());
            expectFault(store(), address, generalProtection());
        }
        // An access over the end of the lower half.
        expectFault(load(), FIRST_NON_CANONICAL - 4, generalProtection());
    }

    @Test
    default void nonCanonicalStackPointerIsABusError() {
        Trap stackFault = new Trap.CpuException(Signal.SIGBUS, SignalCode.SI_KERNEL, 0);
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            GuestAssembler push = new GuestAssembler().push(RAX);
            GuestAssembler pop = new GuestAssembler().pop(RAX);
            for (GuestAssembler program : List.of(push, pop)) {
                long start = process.load(program.assemble());
                thread.at(start).registers().setRsp(Long.MIN_VALUE);
                assertEquals(stackFault, thread.run());
                assertEquals(start, thread.registers().rip());
            }
        }
    }

    @Test
    default void vectorAccessFaultsAsOthersDo() {
        try (TestProcess process = tested().newProcess()) {
            long end = process.dataEnd();
            // movups [rbx], xmm0 and movups xmm0, [rbx]
            GuestAssembler store = new GuestAssembler().bytes("0f 11 03");
            GuestAssembler load = new GuestAssembler().bytes("0f 10 03");
            expectNative(process, store, end - 6, unmapped(end, AccessType.WRITE));
            expectNative(process, load, end - 6, unmapped(end, AccessType.READ));
            // movaps xmm0, [rbx], not aligned
            expectNative(
                    process, new GuestAssembler().bytes("0f 28 03"), DATA + 1, generalProtection());
            // lock cmpxchg [rbx], rcx
            process.protect(DATA, 1, AccessType.READ);
            expectNative(
                    process,
                    new GuestAssembler().bytes("f0 48 0f b1 0b"),
                    DATA,
                    denied(DATA, AccessType.WRITE));
            expectNative(process, store, DATA, denied(DATA, AccessType.WRITE));
        }
    }

    @Test
    default void wideVectorAccessFaultsAsOthersDo() {
        boolean avx = (tested().capabilities().cpu().xcr0() & 4) != 0;
        if (!avx) {
            return;
        }
        try (TestProcess process = tested().newProcess()) {
            long end = process.dataEnd();
            // vmovups [rbx], ymm0 and vmovups ymm0, [rbx]
            GuestAssembler store = new GuestAssembler().bytes("c5 fc 11 03");
            GuestAssembler load = new GuestAssembler().bytes("c5 fc 10 03");
            expectNative(process, store, end - 16, unmapped(end, AccessType.WRITE));
            expectNative(process, load, end - 16, unmapped(end, AccessType.READ));
        }
    }

    private static GuestAssembler load() {
        return new GuestAssembler().load(RAX, RBX, 0);
    }

    private static GuestAssembler store() {
        return new GuestAssembler().store(RBX, 0, RAX);
    }

    private static GuestAssembler addTo() {
        return new GuestAssembler().addTo(RBX, 0, RAX);
    }

    private void expectFault(GuestAssembler instruction, long rbx, Trap expected) {
        try (TestProcess process = tested().newProcess()) {
            expectFault(process, instruction, rbx, expected);
        }
    }

    private static void expectFault(
            TestProcess process, GuestAssembler instruction, long rbx, Trap expected) {
        try (TestThread thread = process.newThread()) {
            long start = process.load(instruction.assemble());
            thread.at(start).registers().setRbx(rbx);
            assertEquals(expected, thread.run());
            assertEquals(start, thread.registers().rip());
            assertEquals(rbx, thread.registers().rbx());
        }
    }

    /** As expectFault; a platform that cannot execute the instruction says that instead. */
    private void expectNative(
            TestProcess process, GuestAssembler instruction, long rbx, Trap expected) {
        if (tested().has(PlatformFeature.NATIVE_CODE)) {
            expectFault(process, instruction, rbx, expected);
        } else {
            try (TestThread thread = process.newThread()) {
                long start = process.load(instruction.assemble());
                thread.at(start).registers().setRbx(rbx);
                assertEquals(undefined(start), thread.run());
            }
        }
    }

    private static void expectJumpFault(TestProcess process, long target, Trap expected) {
        try (TestThread thread = process.newThread()) {
            thread.at(new GuestAssembler().jmp(RBX).assemble()).registers().setRbx(target);
            assertEquals(expected, thread.run());
            assertEquals(target, thread.registers().rip());
        }
    }

    private static void expectLoad(TestProcess process, long address, long expected) {
        GuestProgram program = new GuestAssembler().load(RCX, RBX, 0).mov(RAX, 0).ud2().assemble();
        try (TestThread thread = process.newThread()) {
            thread.at(program).registers().setRbx(address);
            Trap trap = thread.run();
            assertEquals(expected, thread.registers().rcx(), trap::toString);
        }
    }
}
