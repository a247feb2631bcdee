package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.R10;
import static dev.plinth.testkit.assembler.Register.R11;
import static dev.plinth.testkit.assembler.Register.R12;
import static dev.plinth.testkit.assembler.Register.R13;
import static dev.plinth.testkit.assembler.Register.R14;
import static dev.plinth.testkit.assembler.Register.R15;
import static dev.plinth.testkit.assembler.Register.R8;
import static dev.plinth.testkit.assembler.Register.R9;
import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBP;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RCX;
import static dev.plinth.testkit.assembler.Register.RDI;
import static dev.plinth.testkit.assembler.Register.RDX;
import static dev.plinth.testkit.assembler.Register.RSI;
import static dev.plinth.testkit.contract.TestProcess.DATA;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.testkit.assembler.Condition;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;
import dev.plinth.testkit.assembler.Register;

import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;
import java.util.List;

/** General registers, flags and segment bases, and how a system call presents itself. */
interface RegisterContract extends ContractPart {
    /** Every general register but the stack pointer. */
    List<Register> GENERAL =
            List.of(RAX, RCX, RDX, RBX, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15);

    @Test
    default void systemCallHasItsNumberAndSixArguments() {
        GuestProgram program =
                new GuestAssembler()
                        .mov(RAX, 0xffffffffL)
                        .mov(RDI, 1)
                        .mov(RSI, -2)
                        .mov(RDX, 0x123456789abcdefL)
                        .mov(R10, 4)
                        .mov(R8, Long.MIN_VALUE)
                        .mov(R9, 6)
                        .syscall()
                        .label("behind")
                        .assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).runToSystemCall();
            Registers registers = thread.registers();
            assertEquals(0xffffffffL, registers.origRax());
            assertEquals(1, registers.rdi());
            assertEquals(-2, registers.rsi());
            assertEquals(0x123456789abcdefL, registers.rdx());
            assertEquals(4, registers.r10());
            assertEquals(Long.MIN_VALUE, registers.r8());
            assertEquals(6, registers.r9());
            assertEquals(start + program.offsetOf("behind"), registers.rip());
        }
    }

    @Test
    default void systemCallLeavesInstructionPointerAndFlagsInRcxAndR11() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(new GuestAssembler().xor(RAX, RAX).syscall().assemble()).runToSystemCall();
            Registers registers = thread.registers();
            assertEquals(registers.rip(), registers.rcx());
            assertEquals(registers.eflags(), registers.r11());
        }
    }

    @Test
    default void registersAreKeptOverASystemCall() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(new GuestAssembler().syscall().assemble());
            Registers registers = thread.registers();
            setAll(registers, 0x1111_2222_3333_0000L);
            thread.runToSystemCall();
            assertEquals(0x1111_2222_3333_0000L, registers.origRax());
            Registers expected = new Registers();
            setAll(expected, 0x1111_2222_3333_0000L);
            assertEquals(expected.rbx(), registers.rbx());
            assertEquals(expected.rdx(), registers.rdx());
            assertEquals(expected.rbp(), registers.rbp());
            assertEquals(expected.rsi(), registers.rsi());
            assertEquals(expected.rdi(), registers.rdi());
            assertEquals(expected.r8(), registers.r8());
            assertEquals(expected.r9(), registers.r9());
            assertEquals(expected.r10(), registers.r10());
            assertEquals(expected.r12(), registers.r12());
            assertEquals(expected.r13(), registers.r13());
            assertEquals(expected.r14(), registers.r14());
            assertEquals(expected.r15(), registers.r15());
            assertEquals(thread.stackTop(), registers.rsp());
        }
    }

    @Test
    default void everyRegisterSetBehindASystemCallIsWhatTheGuestSees() {
        GuestAssembler assembler = new GuestAssembler().syscall();
        GENERAL.forEach(assembler::push);
        GuestProgram program = assembler.syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(program).runToSystemCall();
            Registers registers = thread.registers();
            setAll(registers, -0x7654_3210_0000_0000L);
            // Another stack too: the data.
            registers.setRsp(DATA + 256);
            thread.runToSystemCall();
            assertEquals(DATA + 256 - 8L * GENERAL.size(), registers.rsp());
            for (int i = 0; i < GENERAL.size(); i++) {
                assertEquals(
                        -0x7654_3210_0000_0000L + i,
                        process.data().get(ValueLayout.JAVA_LONG, 256 - 8L * (i + 1)),
                        GENERAL.get(i).name());
            }
        }
    }

    @Test
    default void flagsThatAUserCanChangeAreTakenAndGiven() {
        long carryParityAdjustZeroSignDirectionOverflow = 0xcd5;
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(new GuestAssembler().syscall().assemble());
            for (long flags :
                    List.of(0L, 0x1L, 0x40L, carryParityAdjustZeroSignDirectionOverflow)) {
                thread.at(start);
                thread.registers().setEflags(flags);
                thread.runToSystemCall();
                assertEquals(
                        flags,
                        thread.registers().eflags() & carryParityAdjustZeroSignDirectionOverflow);
            }
        }
    }

    @Test
    default void flagsThatAUserCannotChangeAreNotTaken() {
        long interruptFlag = 0x200;
        long privilegeLevelAndVirtual8086 = 0x23000;
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(new GuestAssembler().syscall().assemble());
            thread.registers().setEflags(privilegeLevelAndVirtual8086);
            thread.runToSystemCall();
            assertEquals(
                    interruptFlag,
                    thread.registers().eflags() & (interruptFlag | privilegeLevelAndVirtual8086));
        }
    }

    @Test
    default void flagsSteerTheGuest() {
        GuestProgram program =
                new GuestAssembler()
                        .jump(Condition.EQUAL, "equal")
                        .mov(RAX, 1)
                        .syscall()
                        .label("equal")
                        .mov(RAX, 2)
                        .syscall()
                        .assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).runToSystemCall();
            assertEquals(1, thread.registers().origRax());
            thread.at(start);
            thread.registers().setEflags(0x40);
            thread.runToSystemCall();
            assertEquals(2, thread.registers().origRax());
        }
    }

    @Test
    default void segmentBasesAreTakenAndGiven() {
        GuestProgram program =
                new GuestAssembler()
                        .loadFs(RDI, RBX, 0)
                        .loadGs(RSI, RBX, 0)
                        .syscall()
                        .loadFs(RDI, RBX, 0)
                        .loadGs(RSI, RBX, 0)
                        .syscall()
                        .assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            process.data().set(ValueLayout.JAVA_LONG, 64, 111);
            process.data().set(ValueLayout.JAVA_LONG, 128, 222);
            thread.at(program);
            Registers registers = thread.registers();
            registers.setFsBase(DATA);
            registers.setGsBase(DATA + 64);
            registers.setRbx(64);
            thread.runToSystemCall();
            assertEquals(111, registers.rdi());
            assertEquals(222, registers.rsi());
            assertEquals(DATA, registers.fsBase());
            assertEquals(DATA + 64, registers.gsBase());
            registers.setFsBase(DATA + 64);
            registers.setGsBase(DATA);
            thread.runToSystemCall();
            assertEquals(222, registers.rdi());
            assertEquals(111, registers.rsi());
        }
    }

    @Test
    default void selectorsAndTheOldSystemCallNumberAreNotTaken() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(new GuestAssembler().mov(RAX, 7).syscall().assemble());
            Registers registers = thread.registers();
            registers.setCs(0x10);
            registers.setSs(0x18);
            registers.setDs(-1);
            registers.setEs(3);
            registers.setFs(0x33);
            registers.setGs(0x2b);
            registers.setOrigRax(57);
            registers.setFsBase(DATA);
            thread.runToSystemCall();
            assertEquals(7, registers.origRax());
            assertEquals(DATA, registers.fsBase());
        }
    }

    /**
     * Linux takes these results of a system call as orders to repeat it, if a signal is pending or
     * a tracer resumes the thread.
     */
    @Test
    default void resultIsAnyNumberAlsoOneThatRestartsCallsInLinux() {
        GuestProgram program =
                new GuestAssembler().label("again").syscall().jmp("again").assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            thread.at(start).runToSystemCall();
            for (long result : List.of(-512L, -513L, -514L, -516L, -1L, -4095L, Long.MIN_VALUE)) {
                for (boolean interrupted : new boolean[] {false, true}) {
                    thread.registers().setRax(result);
                    if (interrupted) {
                        thread.context().interrupt();
                        assertSame(Trap.INTERRUPTED, thread.run());
                        assertEquals(start + 2, thread.registers().rip());
                        assertEquals(result, thread.registers().rax());
                    }
                    thread.runToSystemCall();
                    assertEquals(result, thread.registers().origRax());
                    assertEquals(start + 2, thread.registers().rip());
                }
            }
        }
    }

    @Test
    default void guestGoesOnWhereTheRegistersSayWhateverItStoppedWith() {
        GuestProgram first = new GuestAssembler().mov(RAX, 1).syscall().assemble();
        GuestProgram second = new GuestAssembler().mov(RAX, 2).ud2().assemble();
        GuestProgram third = new GuestAssembler().mov(RAX, 3).load(RBX, RBX, 0).assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            List<Long> starts =
                    List.of(process.load(first), process.load(second), process.load(third));
            for (int i = 0; i < 12; i++) {
                thread.at(starts.get(i % 3));
                Trap trap = thread.run();
                assertEquals(i % 3 == 0, trap instanceof Trap.SystemCall, trap::toString);
                assertEquals(i % 3 == 1, trap instanceof Trap.CpuException, trap::toString);
                assertEquals(i % 3 == 2, trap instanceof Trap.Fault, trap::toString);
                if (i % 3 != 0) {
                    assertEquals(i % 3 + 1, thread.registers().rax());
                }
            }
        }
    }

    @Test
    default void contextsHaveRegistersOfTheirOwn() {
        GuestProgram program = new GuestAssembler().syscall().syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread one = process.newThread();
                TestThread other = process.newThread()) {
            long start = process.load(program);
            one.at(start).registers().setRbx(1);
            other.at(start).registers().setRbx(2);
            one.runToSystemCall();
            other.runToSystemCall();
            one.runToSystemCall();
            other.runToSystemCall();
            assertEquals(1, one.registers().rbx());
            assertEquals(2, other.registers().rbx());
            assertNotEquals(one.registers().rsp(), other.registers().rsp());
        }
    }

    private static void setAll(Registers registers, long first) {
        registers.setRax(first);
        registers.setRcx(first + 1);
        registers.setRdx(first + 2);
        registers.setRbx(first + 3);
        registers.setRbp(first + 4);
        registers.setRsi(first + 5);
        registers.setRdi(first + 6);
        registers.setR8(first + 7);
        registers.setR9(first + 8);
        registers.setR10(first + 9);
        registers.setR11(first + 10);
        registers.setR12(first + 11);
        registers.setR13(first + 12);
        registers.setR14(first + 13);
        registers.setR15(first + 14);
    }
}
