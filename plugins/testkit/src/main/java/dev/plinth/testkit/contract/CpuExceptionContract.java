package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.contract.TestProcess.DATA;
import static dev.plinth.testkit.contract.Traps.generalProtection;
import static dev.plinth.testkit.contract.Traps.undefined;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Trap;
import dev.plinth.api.platform.UnsupportedCapabilityException;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * What the processor raises beside memory faults.
 *
 * <p>Each expectation is what a C program saw natively on Linux 6.18 (AMD), but for {@code int
 * 0x80}, which the {@code api} wants to be a general protection fault.
 */
interface CpuExceptionContract extends ContractPart {
    long TRAP_FLAG = 0x100;

    @Test
    default void undefinedInstructionIsAnIllegalInstructionThere() {
        expect(new GuestAssembler().ud2(), signal(Signal.SIGILL, SignalCode.ILL_ILLOPN));
        // 06 was push es, before 64 bits.
        expect(new GuestAssembler().bytes("06"), signal(Signal.SIGILL, SignalCode.ILL_ILLOPN));
    }

    @Test
    default void breakpointTrapsBehindItself() {
        GuestProgram program = new GuestAssembler().nop().int3().mov(RAX, 5).syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start);
            assertEquals(
                    new Trap.CpuException(Signal.SIGTRAP, SignalCode.SI_KERNEL, 0), thread.run());
            assertEquals(start + 2, thread.registers().rip());
            thread.runToSystemCall();
            assertEquals(5, thread.registers().origRax());
        }
    }

    @Test
    default void privilegedInstructionIsAGeneralProtectionFault() {
        expect(new GuestAssembler().hlt(), instruction -> generalProtection());
    }

    @Test
    default void otherPrivilegedInstructionsAreGeneralProtectionFaults() {
        // cli; sti; in al, dx; out dx, al; rdmsr; mov rax, cr0; lgdt [rbx]; wbinvd; swapgs; iretq
        for (String bytes :
                List.of(
                        "fa",
                        "fb",
                        "ec",
                        "ee",
                        "0f 32",
                        "0f 20 c0",
                        "0f 01 13",
                        "0f 09",
                        "0f 01 f8",
                        "48 cf")) {
            expectNative(new GuestAssembler().bytes(bytes), instruction -> generalProtection());
        }
    }

    @Test
    default void softwareInterruptIsAGeneralProtectionFault() {
        // Vector 0x80 is how a 32-bit program makes system calls: eax is getpid, in that table.
        for (int vector : List.of(0x80, 0x81, 0, 5, 0x0d, 0x0e, 0x20, 0xff)) {
            try (TestProcess process = tested().newProcess();
                    TestThread thread = process.newThread()) {
                long start = process.load(new GuestAssembler().interrupt(vector).assemble());
                thread.at(start).registers().setRax(20);
                assertEquals(generalProtection(), thread.run(), "int " + vector);
                assertEquals(start, thread.registers().rip());
                assertEquals(20, thread.registers().rax());
            }
        }
    }

    @Test
    default void divisionByZeroIsAFloatingPointException() {
        // div ecx, of zero
        expectNative(
                new GuestAssembler().bytes("f7 f1"), signal(Signal.SIGFPE, SignalCode.FPE_INTDIV));
    }

    @Test
    default void quotientThatDoesNotFitIsAFloatingPointException() {
        GuestProgram program =
                new GuestAssembler()
                        .mov(RAX, Long.MIN_VALUE)
                        .bytes("48 99") // cqo
                        .bytes("48 c7 c1 ff ff ff ff") // mov rcx, -1
                        .label("divide")
                        .bytes("48 f7 f9") // idiv rcx
                        .assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            Trap trap = thread.at(start).run();
            if (tested().has(PlatformFeature.NATIVE_CODE)) {
                long divide = start + program.offsetOf("divide");
                assertEquals(
                        new Trap.CpuException(Signal.SIGFPE, SignalCode.FPE_INTDIV, divide), trap);
                assertEquals(divide, thread.registers().rip());
            } else {
                assertEquals(Signal.SIGILL, ((Trap.CpuException) trap).signal());
            }
        }
    }

    @Test
    default void unmaskedX87ExceptionIsRaisedByTheNextInstruction() {
        // fldcw [rbx]; fld1; fdiv dword [rbx+8]; then fwait, which raises it
        GuestAssembler program =
                new GuestAssembler().bytes("d9 2b").bytes("d9 e8").bytes("d8 73 08");
        expectFloatingPoint(program, "9b", 0x37f & ~4, SignalCode.FPE_FLTDIV);
    }

    @Test
    default void unmaskedSseExceptionIsRaisedAtItsInstruction() {
        // ldmxcsr [rbx]; cvtsi2ss xmm0, eax; xorps xmm1, xmm1; then divss xmm0, xmm1
        GuestAssembler program =
                new GuestAssembler()
                        .bytes("0f ae 13")
                        .mov(RAX, 1)
                        .bytes("f3 0f 2a c0")
                        .bytes("0f 57 c9");
        expectFloatingPoint(program, "f3 0f 5e c1", 0x1f80 & ~0x200, SignalCode.FPE_FLTDIV);
    }

    @Test
    default void misalignedAccessUnderTheAlignmentFlagIsABusError() {
        long alignmentFlag = 0x40000;
        if (!tested().has(PlatformFeature.NATIVE_CODE)) {
            return;
        }
        // mov eax, [rbx]
        GuestProgram program = new GuestAssembler().bytes("8b 03").assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).registers().setRbx(DATA + 1);
            thread.registers().setEflags(alignmentFlag);
            assertEquals(
                    new Trap.CpuException(Signal.SIGBUS, SignalCode.BUS_ADRALN, 0), thread.run());
            assertEquals(start, thread.registers().rip());
        }
    }

    @Test
    default void trapFlagStopsBehindEachInstruction() {
        GuestProgram program = new GuestAssembler().nop().mov(RAX, 1).inc(RAX).nop().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).registers().setEflags(TRAP_FLAG);
            if (!tested().has(PlatformFeature.SINGLE_STEP)) {
                UnsupportedCapabilityException refusal =
                        assertThrows(UnsupportedCapabilityException.class, thread::run);
                assertEquals(PlatformFeature.SINGLE_STEP, refusal.feature());
                return;
            }
            long[] behind = {start + 1, start + 6, start + 9};
            for (long address : behind) {
                assertEquals(
                        new Trap.CpuException(Signal.SIGTRAP, SignalCode.TRAP_TRACE, address),
                        thread.run());
                assertEquals(address, thread.registers().rip());
                assertEquals(TRAP_FLAG, thread.registers().eflags() & TRAP_FLAG);
            }
            assertEquals(2, thread.registers().rax());
        }
    }

    @Test
    default void stepsEndWhenTheTrapFlagIsCleared() {
        if (!tested().has(PlatformFeature.SINGLE_STEP)) {
            return;
        }
        GuestProgram program = new GuestAssembler().nop().nop().nop().syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(program).registers().setEflags(TRAP_FLAG);
            thread.run();
            thread.registers().setEflags(thread.registers().eflags() & ~TRAP_FLAG);
            thread.runToSystemCall();
            assertEquals(0, thread.registers().eflags() & TRAP_FLAG);
        }
    }

    @Test
    default void exceptionInASteppedInstructionComesFirst() {
        if (!tested().has(PlatformFeature.SINGLE_STEP)) {
            return;
        }
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(new GuestAssembler().ud2().assemble());
            thread.at(start).registers().setEflags(TRAP_FLAG);
            assertEquals(undefined(start), thread.run());
        }
    }

    /** What the instruction at an address raises. */
    @FunctionalInterface
    interface Expectation {
        Trap at(long address);
    }

    private static Expectation signal(Signal signal, int code) {
        return address -> new Trap.CpuException(signal, code, address);
    }

    private void expect(GuestAssembler instruction, Expectation expectation) {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(instruction.assemble());
            thread.at(start).registers().setRbx(DATA);
            for (int i = 0; i < 2; i++) {
                assertEquals(expectation.at(start), thread.run());
                assertEquals(start, thread.registers().rip());
            }
        }
    }

    private void expectNative(GuestAssembler instruction, Expectation expectation) {
        boolean isNative = tested().has(PlatformFeature.NATIVE_CODE);
        expect(instruction, isNative ? expectation : Traps::undefined);
    }

    private void expectFloatingPoint(
            GuestAssembler program, String raising, int control, int code) {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            GuestProgram assembled = program.label("raising").bytes(raising).assemble();
            long start = process.load(assembled);
            process.data().set(ValueLayout.JAVA_INT, 0, control);
            thread.at(start).registers().setRbx(DATA);
            Trap trap = thread.run();
            if (tested().has(PlatformFeature.NATIVE_CODE)) {
                long address = start + assembled.offsetOf("raising");
                assertEquals(new Trap.CpuException(Signal.SIGFPE, code, address), trap);
                assertEquals(address, thread.registers().rip());
            } else {
                assertEquals(undefined(start), trap);
            }
        }
    }
}
