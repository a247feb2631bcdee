package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.ptrace.stub.StubLayout;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every way in which a guest can stop, and what is said about it. */
@Timeout(60)
class TrapTest {
    private static final long UNMAPPED = 0x7000_0000L;
    private static final long KERNEL_HALF = 0xffff_8000_0000_0000L;
    private static final long NOT_CANONICAL = 0x8000_0000_0000_0000L;
    private static final long VSYSCALL_TIME = 0xffff_ffff_ff60_0400L;

    private final Guest guest = new Guest();

    @AfterEach
    void close() {
        guest.close();
    }

    private static Trap fault(long address, AccessType access, int code) {
        return new Trap.Fault(address, access, Signal.SIGSEGV, code);
    }

    private static Trap exception(Signal signal, int code, long address) {
        return new Trap.CpuException(signal, code, address);
    }

    private static Trap protectionFault() {
        return exception(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);
    }

    // Instructions with their operand at rbx, on a page that allows nothing or is not there.
    @ParameterizedTest
    @CsvSource({
        "8b03, READ", // mov eax, [rbx]
        "8903, WRITE", // mov [rbx], eax
        "0103, WRITE", // add [rbx], eax
        "0303, READ", // add eax, [rbx]
        "f00fb10b, WRITE", // lock cmpxchg [rbx], ecx
        "480fc70b, WRITE", // cmpxchg16b without alignment trouble
        "ff33, READ", // push [rbx]
        "8f03, WRITE", // pop [rbx]
        "ff13, READ", // call [rbx]
        "0f2903, WRITE", // movaps [rbx], xmm0
        "0f2803, READ", // movaps xmm0, [rbx]
        "c5fe7f03, WRITE", // vmovdqu [rbx], ymm0
        "0fae1b, WRITE", // stmxcsr [rbx]
        "d91b, WRITE", // fstp dword [rbx]
        "d903, READ", // fld dword [rbx]
        "0f9403, WRITE", // sete [rbx]
        "0fc303, WRITE", // movnti [rbx], eax
        "f60301, READ", // test byte [rbx], 1
        "f613, WRITE", // not byte [rbx]
        "833b01, READ", // cmp dword [rbx], 1
    })
    void aFaultOfAnInstructionTellsItsAccess(String code, AccessType access) {
        guest.code(code);
        for (boolean mapped : new boolean[] {false, true}) {
            if (mapped) {
                guest.map(UNMAPPED, 0, AccessType.READ);
                guest.space.protect(Guest.page(UNMAPPED), AccessType.NONE);
            }
            guest.registers.setRbx(UNMAPPED);
            assertEquals(
                    fault(
                            UNMAPPED,
                            access,
                            mapped ? SignalCode.SEGV_ACCERR : SignalCode.SEGV_MAPERR),
                    guest.run());
            assertEquals(Guest.CODE, guest.registers.rip());
        }
    }

    @Test
    void aWriteToAReadOnlyPageIsAWrite() {
        guest.code("8903"); // mov [rbx], eax
        guest.registers.setRbx(Guest.CODE);
        assertEquals(fault(Guest.CODE, AccessType.WRITE, SignalCode.SEGV_ACCERR), guest.run());
    }

    @Test
    void anInstructionThatWritesToItselfIsNoFetch() {
        guest.code("8900"); // mov [rax], eax
        guest.registers.setRax(Guest.CODE);
        assertEquals(fault(Guest.CODE, AccessType.WRITE, SignalCode.SEGV_ACCERR), guest.run());
    }

    @Test
    void aFetchFromAnUnmappedPageIsExecution() {
        guest.registers.setRip(UNMAPPED + 5);
        assertEquals(fault(UNMAPPED + 5, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), guest.run());
    }

    @Test
    void aFetchFromAPageThatIsNotExecutableIsExecution() {
        // The page is full of add [rax], al, with rax pointing there.
        guest.registers.setRip(Guest.DATA);
        guest.registers.setRax(Guest.DATA);
        assertEquals(fault(Guest.DATA, AccessType.EXECUTE, SignalCode.SEGV_ACCERR), guest.run());
    }

    @Test
    void anInstructionThatReachesIntoAPageThatIsNotThereIsExecution() {
        guest.code("90".repeat(Guest.PAGE - 1) + "b8"); // mov eax, imm32
        guest.registers.setRip(Guest.CODE + Guest.PAGE - 1);
        assertEquals(
                fault(Guest.CODE + Guest.PAGE, AccessType.EXECUTE, SignalCode.SEGV_MAPERR),
                guest.run());
        assertEquals(Guest.CODE + Guest.PAGE - 1, guest.registers.rip());
    }

    @Test
    void anInstructionAtTheEndOfAPageThatReadsTheNextIsARead() {
        guest.code("90".repeat(Guest.PAGE - 2) + "8b03"); // mov eax, [rbx]
        guest.registers.setRip(Guest.CODE + Guest.PAGE - 2);
        guest.registers.setRbx(Guest.CODE + Guest.PAGE);
        assertEquals(
                fault(Guest.CODE + Guest.PAGE, AccessType.READ, SignalCode.SEGV_MAPERR),
                guest.run());
    }

    @Test
    void anAccessOverTheBorderOfTwoPagesFaultsAtTheSecond() {
        guest.code("488903"); // mov [rbx], rax
        guest.registers.setRbx(Guest.DATA + Guest.PAGE - 3);
        assertEquals(
                fault(Guest.DATA + Guest.PAGE, AccessType.WRITE, SignalCode.SEGV_MAPERR),
                guest.run());
    }

    // push rax; call; pushfq; push 1; enter
    @ParameterizedTest
    @ValueSource(strings = {"50", "e800000000", "9c", "6a01", "c8000000", "ffd0"})
    void aPushToAPageThatIsNotThereIsAWrite(String code) {
        guest.code(code);
        guest.registers.setRsp(UNMAPPED);
        assertEquals(fault(UNMAPPED - 8, AccessType.WRITE, SignalCode.SEGV_MAPERR), guest.run());
    }

    // pop rax; ret; pop [rax]
    @ParameterizedTest
    @ValueSource(strings = {"58", "c3", "8f00"})
    void aPopFromAPageThatIsNotThereIsARead(String code) {
        guest.code(code);
        guest.registers.setRsp(UNMAPPED);
        assertEquals(fault(UNMAPPED, AccessType.READ, SignalCode.SEGV_MAPERR), guest.run());
    }

    @Test
    void aStringInstructionFaultsAtItsSourceOrItsDestination() {
        guest.code("f3a4"); // rep movsb
        guest.registers.setRcx(100);
        guest.registers.setRsi(UNMAPPED);
        guest.registers.setRdi(Guest.DATA);
        assertEquals(fault(UNMAPPED, AccessType.READ, SignalCode.SEGV_MAPERR), guest.run());
        guest.registers.setRsi(Guest.DATA);
        guest.registers.setRdi(UNMAPPED);
        assertEquals(fault(UNMAPPED, AccessType.WRITE, SignalCode.SEGV_MAPERR), guest.run());
    }

    @Test
    void aStringInstructionThatRunsIntoAPageStopsWithTheRegistersOfThere() {
        guest.code("f3a4"); // rep movsb
        guest.registers.setRcx(100);
        guest.registers.setRsi(Guest.DATA);
        long border = UNMAPPED + Guest.PAGE;
        guest.registers.setRdi(border - 10);
        guest.map(UNMAPPED, 0x8000, AccessType.READ_WRITE);
        assertEquals(fault(border, AccessType.WRITE, SignalCode.SEGV_MAPERR), guest.run());
        assertEquals(90, guest.registers.rcx());
        guest.map(border, 0x9000, AccessType.READ_WRITE);
        guest.code("f3a4 0f05");
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(border + 90, guest.registers.rdi());
    }

    @Test
    void anAddressOfTheKernelIsNotMapped() {
        guest.code("8b03"); // mov eax, [rbx]
        guest.registers.setRbx(KERNEL_HALF);
        assertEquals(fault(KERNEL_HALF, AccessType.READ, SignalCode.SEGV_MAPERR), guest.run());
        guest.code("8903"); // mov [rbx], eax
        assertEquals(fault(KERNEL_HALF, AccessType.WRITE, SignalCode.SEGV_MAPERR), guest.run());
        guest.registers.setRip(KERNEL_HALF);
        assertEquals(fault(KERNEL_HALF, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), guest.run());
    }

    @Test
    void anAddressThatIsNotCanonicalIsAProtectionFault() {
        guest.code("8b03"); // mov eax, [rbx]
        guest.registers.setRbx(NOT_CANONICAL);
        assertEquals(protectionFault(), guest.run());
        assertEquals(Guest.CODE, guest.registers.rip());
    }

    @Test
    void aStackPointerThatIsNotCanonicalIsAStackFault() {
        guest.code("50"); // push rax
        guest.registers.setRsp(NOT_CANONICAL);
        assertEquals(exception(Signal.SIGBUS, SignalCode.SI_KERNEL, 0), guest.run());
    }

    @Test
    void goingOnAtAnAddressThatIsNotCanonicalIsAProtectionFault() {
        guest.registers.setRip(NOT_CANONICAL);
        assertEquals(protectionFault(), guest.run());
        assertEquals(NOT_CANONICAL, guest.registers.rip());
    }

    @Test
    void aSegmentBaseThatIsNotCanonicalIsAProtectionFault() {
        guest.registers.setFsBase(NOT_CANONICAL);
        assertEquals(protectionFault(), guest.run());
        guest.registers.setFsBase(0);
        guest.registers.setGsBase(NOT_CANONICAL);
        assertEquals(protectionFault(), guest.run());
    }

    @Test
    void aSegmentBaseInTheUpperHalfIsKept() {
        guest.code("0f05 64488b00 0f05"); // syscall; mov rax, fs:[rax]
        guest.registers.setFsBase(KERNEL_HALF);
        guest.registers.setGsBase(KERNEL_HALF + 0x1000);
        guest.registers.setR12(77);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(KERNEL_HALF, guest.registers.fsBase());
        assertEquals(KERNEL_HALF + 0x1000, guest.registers.gsBase());
        assertEquals(77, guest.registers.r12());
        guest.registers.setRax(8);
        assertEquals(fault(KERNEL_HALF + 8, AccessType.READ, SignalCode.SEGV_MAPERR), guest.run());
    }

    @Test
    void segmentBasesAreUsed() {
        guest.code("64488b0425 08000000 65488b1c25 10000000 0f05"); // mov rax, fs:8; mov rbx, gs:16
        guest.memory.view().set(java.lang.foreign.ValueLayout.JAVA_LONG, Guest.PAGE + 8, 11);
        guest.memory.view().set(java.lang.foreign.ValueLayout.JAVA_LONG, Guest.PAGE + 16, 12);
        guest.registers.setFsBase(Guest.DATA);
        guest.registers.setGsBase(Guest.DATA);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(11, guest.registers.origRax());
        assertEquals(12, guest.registers.rbx());
    }

    @ParameterizedTest
    @CsvSource({
        "0f0b, SIGILL, 2, 0", // ud2
        "31c9f7f1, SIGFPE, 1, 2", // xor ecx, ecx; div ecx
        "f4, SIGSEGV, 128, ", // hlt
        "fa, SIGSEGV, 128, ", // cli
        "cd20, SIGSEGV, 128, ", // int 0x20
        "0f22c0, SIGSEGV, 128, ", // mov cr0, rax
    })
    void anExceptionOfTheProcessorIsReported(
            String code, Signal signal, int siCode, Integer offset) {
        guest.code(code);
        long address = offset == null ? 0 : Guest.CODE + offset;
        assertEquals(exception(signal, siCode, address), guest.run());
        assertEquals(Guest.CODE + (offset == null ? 0 : offset), guest.registers.rip());
    }

    @Test
    void aBreakpointStopsBehindItsInstruction() {
        guest.code("90cc");
        assertEquals(exception(Signal.SIGTRAP, SignalCode.SI_KERNEL, 0), guest.run());
        assertEquals(Guest.CODE + 2, guest.registers.rip());
    }

    @Test
    void theTrapFlagStopsBehindEachInstruction() {
        guest.code("9090900f05");
        for (int i = 1; i <= 3; i++) {
            guest.registers.setEflags(0x302);
            long next = Guest.CODE + i;
            assertEquals(exception(Signal.SIGTRAP, SignalCode.TRAP_TRACE, next), guest.run());
            assertEquals(next, guest.registers.rip());
        }
        guest.registers.setEflags(0x202);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
    }

    @Test
    void alignmentChecksAreReported() {
        guest.code("8b03"); // mov eax, [rbx]
        guest.registers.setRbx(Guest.DATA + 1);
        guest.registers.setEflags(0x4_0202);
        assertEquals(exception(Signal.SIGBUS, SignalCode.BUS_ADRALN, 0), guest.run());
    }

    @Test
    void flagsThatNoUserMayChangeAreNotTaken() {
        guest.code("0f05");
        guest.registers.setEflags(0x202 | 0x3000 | 0x1_0000 | 0x10_0000); // IOPL, RF, VIP
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(0x202, guest.registers.eflags() & ~0x1_0000);
    }

    @Test
    void segmentSelectorsAreNotTaken() {
        guest.code("0f05");
        guest.registers.setCs(0x10);
        guest.registers.setSs(0x18);
        guest.registers.setDs(0x7777);
        guest.registers.setFs(0x18);
        guest.registers.setOrigRax(39);
        guest.registers.setRax(1234);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(0x33, guest.registers.cs());
        assertEquals(0x2b, guest.registers.ss());
        assertEquals(1234, guest.registers.origRax());
    }

    @Test
    void the32BitSystemCallIsAProtectionFault() {
        guest.code("cd80");
        guest.registers.setRax(20); // getpid there
        assertEquals(protectionFault(), guest.run());
        assertEquals(Guest.CODE, guest.registers.rip());
        assertEquals(20, guest.registers.rax());
    }

    @Test
    void the32BitSystemCallInDisguiseIsAnOrdinaryOne() {
        guest.code("cd80");
        guest.registers.setRcx(Guest.CODE + 2);
        guest.registers.setR11(0x202);
        guest.registers.setRax(20);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(20, guest.registers.origRax());
    }

    @Test
    void theOther32BitSystemCallIsNoSystemCall() {
        guest.code("0f34"); // sysenter
        assertInstanceOf(Trap.CpuException.class, guest.run());
    }

    @Test
    void systemCallsOf32BitCodeAreProtectionFaults() {
        // push 0x23; push CODE + 0x10; retfq -- to 32-bit code: int 0x80
        guest.code("6a23 6810004000 48cb 90909090909090 cd80 90909090");
        assertEquals(protectionFault(), guest.run());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 0x400, 0x800, 0xc00, 0x123})
    void aCallIntoTheVsyscallPageIsAFault(long offset) {
        long address = 0xffff_ffff_ff60_0000L + offset;
        guest.code("ffd0"); // call rax
        guest.registers.setRax(address);
        assertEquals(fault(address, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), guest.run());
        assertEquals(address, guest.registers.rip());
        assertEquals(Guest.STACK - 8, guest.registers.rsp());
    }

    @Test
    void aCallIntoTheVsyscallPageFaultsWithBadArgumentsToo() {
        guest.code("ffd0"); // call rax
        guest.registers.setRax(VSYSCALL_TIME);
        guest.registers.setRdi(KERNEL_HALF);
        assertEquals(fault(VSYSCALL_TIME, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), guest.run());
        guest.registers.setRip(VSYSCALL_TIME);
        guest.registers.setRsp(UNMAPPED);
        assertEquals(fault(VSYSCALL_TIME, AccessType.EXECUTE, SignalCode.SEGV_MAPERR), guest.run());
    }

    @Test
    void theVsyscallPageCannotBeRead() {
        guest.code("488b00"); // mov rax, [rax]
        guest.registers.setRax(VSYSCALL_TIME);
        assertEquals(fault(VSYSCALL_TIME, AccessType.READ, SignalCode.SEGV_MAPERR), guest.run());
    }

    @ParameterizedTest
    @ValueSource(longs = {StubLayout.STUB_PAGE, StubLayout.BATCH_PAGE})
    void theStubsPagesCannotBeWritten(long page) {
        guest.code("8903"); // mov [rbx], eax
        guest.registers.setRbx(page + 0x100);
        assertEquals(fault(page + 0x100, AccessType.WRITE, SignalCode.SEGV_MAPERR), guest.run());
    }

    @Test
    void theBatchPageCannotBeExecuted() {
        guest.registers.setRip(StubLayout.BATCH_PAGE);
        assertEquals(
                fault(StubLayout.BATCH_PAGE, AccessType.EXECUTE, SignalCode.SEGV_MAPERR),
                guest.run());
    }

    @Test
    void beyondTheEndOfTheFileIsABusError() {
        guest.code("8b03"); // mov eax, [rbx]
        guest.registers.setRbx(UNMAPPED);
        guest.map(UNMAPPED, 0x10_0000, AccessType.READ);
        // No kernel truncates its memory file; a full disk behind it has the same effect.
        TestingHost.HOST.require("ftruncate", 77, guest.memory.file().number(), 0x10_0000);
        assertEquals(
                new Trap.Fault(UNMAPPED, AccessType.READ, Signal.SIGBUS, SignalCode.BUS_ADRERR),
                guest.run());
    }
}
