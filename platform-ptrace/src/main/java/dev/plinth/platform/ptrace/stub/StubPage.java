package dev.plinth.platform.ptrace.stub;

import dev.plinth.platform.ptrace.linux.Mman;
import dev.plinth.platform.ptrace.linux.Sched;
import dev.plinth.platform.ptrace.linux.Seccomp;
import dev.plinth.platform.ptrace.linux.SystemCalls;

/**
 * The stub page: an ELF file of one page, and the machine code that every stub process has mapped
 * at {@link StubLayout#STUB_PAGE}.
 *
 * <p>The page is read-only and holds no secret: a guest may read and execute all of it. While a
 * guest thread runs, each {@code syscall} in it is reported and skipped like any other of the
 * guest's; they reach the host only while the tracer has set a thread to run one of the routines
 * here, which take all they need from registers, from this page, and from the batch page, none of
 * which another thread of the guest can change.
 *
 * <p>Each routine is named by its address in the running stub. It ends with {@code int3}, which is
 * how the tracer knows that it is done; the address behind it is the routine's {@code …End}.
 */
public final class StubPage {
    /** The size of the page and of the file. */
    public static final int BYTES = 4096;

    /** An entry of a list of calls: number and six arguments. */
    public static final int ENTRY_BYTES = 7 * Long.BYTES;

    /** {@code comm} of every stub. */
    public static final String PROCESS_NAME = "plinth-stub";

    /** A stub process: own memory, born stopped and traced; the parent ignores its end. */
    static final int PROCESS_FLAGS =
            Sched.CLONE_PTRACE | Sched.CLONE_FILES | Sched.CLONE_FS | StubPage.SIGCHLD;

    /** A further thread of a stub process. */
    static final int THREAD_FLAGS =
            Sched.CLONE_VM
                    | Sched.CLONE_FS
                    | Sched.CLONE_FILES
                    | Sched.CLONE_SIGHAND
                    | Sched.CLONE_THREAD
                    | Sched.CLONE_SYSVSEM;

    private static final int SIGKILL = 9;
    private static final int SIGCHLD = 17;
    private static final int SIG_IGN = 1;

    private static final int ELF_HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;

    private final MachineCode code = new MachineCode(BYTES);
    private final int launcher;
    private final int entry;
    private final int die;
    private final int idle;
    private final int process;
    private final int processEnd;
    private final int processChildEnd;
    private final int thread;
    private final int threadEnd;
    private final int batch;
    private final int batchEnd;
    private final int call;
    private final int callEnd;
    private final int bases;
    private final int basesEnd;
    private final int exit;
    private final int loadedSetUp;
    private final int setUp;
    private final int setUpEnd;

    /**
     * Builds the page.
     *
     * @param launcher the process that starts it; without it a stub ends at once
     */
    public StubPage(int launcher) {
        this.launcher = launcher;
        code.emit(new int[ELF_HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES]);

        entry = code.position();
        int toIdle = emitEntry();
        die = code.position();
        emitDie();
        idle = code.position();
        code.bind(toIdle, idle);
        emitIdle();

        code.align(16);
        process = code.position();
        int toChild = emitProcess();
        processEnd = code.position();
        code.bind(toChild, code.position());
        emitProcessChild();
        processChildEnd = code.position();
        code.jumpBack(MachineCode.JMP, idle);

        code.align(16);
        thread = code.position();
        emitThread();
        threadEnd = code.position();

        code.align(16);
        batch = code.position();
        emitBatch();
        batchEnd = code.position();

        code.align(16);
        call = code.position();
        code.emit(0x0f, 0x05); //                   syscall
        code.emit(0xcc); //                         int3
        callEnd = code.position();

        code.align(16);
        bases = code.position();
        code.emit(0xf3, 0x48, 0x0f, 0xae, 0xd7); // wrfsbase rdi
        code.emit(0xf3, 0x48, 0x0f, 0xae, 0xde); // wrgsbase rsi
        code.emit(0xcc); //                         int3
        basesEnd = code.position();

        code.align(16);
        exit = code.position();
        emitNumber(SystemCalls.EXIT);
        code.emit(0x31, 0xff); //                   xor edi, edi
        code.emit(0x0f, 0x05); //                   syscall

        code.align(8);
        final int name = emitName();
        final int ignore = emitIgnoringAction();
        final int nothing = emitNothing();
        final int filter = emitFilter();
        loadedSetUp = code.position();
        emitLoadedSetUp();
        setUp = code.position();
        emitSetUp(name, ignore, nothing, filter);
        setUpEnd = code.position();
        emitHeaders();
    }

    /** The bytes of the page; not to be written to. */
    public byte[] bytes() {
        return code.bytes();
    }

    /** Waits for ever. */
    public long idle() {
        return StubLayout.STUB_PAGE + idle;
    }

    /**
     * Clones the process; the child is born stopped.
     *
     * <p>Takes r12 = this process's number, r9 = offset of the child's batch page in its file.
     * Leaves the child's number or an error in rax. The child must be resumed: it ties itself to
     * this process, maps its batch page, makes two threads, and traps at {@link
     * #processChildEnd()}, with their numbers in rbx and rax, or an error in rax; from there it
     * goes on to {@link #idle()}.
     */
    public long process() {
        return StubLayout.STUB_PAGE + process;
    }

    public long processEnd() {
        return StubLayout.STUB_PAGE + processEnd;
    }

    public long processChildEnd() {
        return StubLayout.STUB_PAGE + processChildEnd;
    }

    /** Makes a thread, which idles; leaves its number or an error in rax. */
    public long thread() {
        return StubLayout.STUB_PAGE + thread;
    }

    public long threadEnd() {
        return StubLayout.STUB_PAGE + threadEnd;
    }

    /**
     * Makes the calls of a list until one fails.
     *
     * <p>Takes rbx = the first entry, rbp = the end of the list. Leaves rbx = the entry that
     * failed, with its error in rax; or rbx = rbp.
     */
    public long batch() {
        return StubLayout.STUB_PAGE + batch;
    }

    public long batchEnd() {
        return StubLayout.STUB_PAGE + batchEnd;
    }

    /** Makes one call, from the registers. */
    public long call() {
        return StubLayout.STUB_PAGE + call;
    }

    public long callEnd() {
        return StubLayout.STUB_PAGE + callEnd;
    }

    /** Sets the bases of fs and gs from rdi and rsi: also those that ptrace refuses. */
    public long bases() {
        return StubLayout.STUB_PAGE + bases;
    }

    public long basesEnd() {
        return StubLayout.STUB_PAGE + basesEnd;
    }

    /** Ends the thread. */
    public long exit() {
        return StubLayout.STUB_PAGE + exit;
    }

    /** {@link #batch()} where the page is before it has moved. */
    public long loadedBatch() {
        return StubLayout.LOAD_ADDRESS + batch;
    }

    public long loadedBatchEnd() {
        return StubLayout.LOAD_ADDRESS + batchEnd;
    }

    /** The list of calls that moves the page, for {@link #loadedBatch()}. */
    public long loadedSetUp() {
        return StubLayout.LOAD_ADDRESS + loadedSetUp;
    }

    public long loadedSetUpEnd() {
        return StubLayout.LOAD_ADDRESS + setUp;
    }

    /** The list of calls that makes a new program a stub, for {@link #batch()}. */
    public long setUp() {
        return StubLayout.STUB_PAGE + setUp;
    }

    public long setUpEnd() {
        return StubLayout.STUB_PAGE + setUpEnd;
    }

    /** Where the program starts: it dies with its launcher, even before it is traced. */
    private int emitEntry() {
        emitDieWithParent();
        code.emit(0x3d); //                         cmp eax, launcher
        code.emitInt(launcher);
        return code.jump(MachineCode.JE); //                    je idle
    }

    /** {@code prctl(PR_SET_PDEATHSIG, SIGKILL)}, then eax = getppid(): it may be too late. */
    private void emitDieWithParent() {
        emitNumber(SystemCalls.PRCTL);
        code.emit(0xbf); //                         mov edi, PR_SET_PDEATHSIG
        code.emitInt(Sched.PR_SET_PDEATHSIG);
        code.emit(0xbe); //                         mov esi, SIGKILL
        code.emitInt(SIGKILL);
        code.emit(0x0f, 0x05); //                   syscall
        emitNumber(SystemCalls.GETPPID);
        code.emit(0x0f, 0x05); //                   syscall
    }

    private void emitDie() {
        emitNumber(SystemCalls.EXIT_GROUP);
        code.emit(0x31, 0xff); //                   xor edi, edi
        code.emit(0x0f, 0x05); //                   syscall
    }

    private void emitIdle() {
        emitNumber(SystemCalls.PAUSE);
        code.emit(0x0f, 0x05); //                   syscall
        code.jumpBack(MachineCode.JMP, idle); //                  jmp idle
    }

    private int emitProcess() {
        emitClone(PROCESS_FLAGS);
        code.emit(0x85, 0xc0); //                   test eax, eax
        int toChild = code.jump(MachineCode.JE); //             je child
        code.emit(0xcc); //                         int3
        return toChild;
    }

    private void emitProcessChild() {
        emitDieWithParent();
        code.emit(0x44, 0x39, 0xe0); //             cmp eax, r12d
        code.jumpBack(MachineCode.JNE, die); //                   jne die
        emitNumber(SystemCalls.MMAP);
        code.emit(0x48, 0xbf); //                   mov rdi, BATCH_PAGE
        code.emitLong(StubLayout.BATCH_PAGE);
        code.emit(0xbe); //                         mov esi, 4096
        code.emitInt(BYTES);
        code.emit(0xba); //                         mov edx, PROT_READ
        code.emitInt(Mman.PROT_READ);
        code.emit(0x41, 0xba); //                   mov r10d, MAP_SHARED | MAP_FIXED
        code.emitInt(Mman.MAP_SHARED | Mman.MAP_FIXED);
        code.emit(0x41, 0xb8); //                   mov r8d, BATCH_FD
        code.emitInt(StubLayout.BATCH_FD);
        code.emit(0x0f, 0x05); //                   syscall
        emitIsError();
        int unmapped = code.jump(MachineCode.JAE); // jae end
        emitClone(THREAD_FLAGS);
        code.emit(0x85, 0xc0); //                   test eax, eax
        code.jumpBack(MachineCode.JE, idle); //     je idle
        code.emit(0x89, 0xc3); //                   mov ebx, eax
        emitIsError();
        int alone = code.jump(MachineCode.JAE); //  jae end
        emitClone(THREAD_FLAGS);
        code.emit(0x85, 0xc0); //                   test eax, eax
        code.jumpBack(MachineCode.JE, idle); //     je idle
        code.bind(unmapped, code.position());
        code.bind(alone, code.position());
        code.emit(0xcc); //                   end:  int3
    }

    private void emitThread() {
        emitClone(THREAD_FLAGS);
        code.emit(0x85, 0xc0); //                   test eax, eax
        code.jumpBack(MachineCode.JE, idle); //                   je idle
        code.emit(0xcc); //                         int3
    }

    /** {@code clone(flags, 0, 0, 0, 0)}: the child goes on with the stack pointer of its parent. */
    private void emitClone(int flags) {
        emitNumber(SystemCalls.CLONE);
        code.emit(0xbf); //                         mov edi, flags
        code.emitInt(flags);
        code.emit(0x31, 0xf6); //                   xor esi, esi
        code.emit(0x31, 0xd2); //                   xor edx, edx
        code.emit(0x45, 0x31, 0xd2); //             xor r10d, r10d
        code.emit(0x45, 0x31, 0xc0); //             xor r8d, r8d
        code.emit(0x0f, 0x05); //                   syscall
    }

    private void emitBatch() {
        code.emit(0x48, 0x39, 0xeb); //       next: cmp rbx, rbp
        int finished = code.jump(MachineCode.JAE); //           jae end
        code.emit(0x48, 0x8b, 0x03); //             mov rax, [rbx]
        code.emit(0x48, 0x8b, 0x7b, 8); //          mov rdi, [rbx+8]
        code.emit(0x48, 0x8b, 0x73, 16); //         mov rsi, [rbx+16]
        code.emit(0x48, 0x8b, 0x53, 24); //         mov rdx, [rbx+24]
        code.emit(0x4c, 0x8b, 0x53, 32); //         mov r10, [rbx+32]
        code.emit(0x4c, 0x8b, 0x43, 40); //         mov r8, [rbx+40]
        code.emit(0x4c, 0x8b, 0x4b, 48); //         mov r9, [rbx+48]
        code.emit(0x0f, 0x05); //                   syscall
        emitIsError();
        int failed = code.jump(MachineCode.JAE); //             jae end
        code.emit(0x48, 0x83, 0xc3, ENTRY_BYTES); // add rbx, ENTRY_BYTES
        code.jumpBack(MachineCode.JMP, batch); //                 jmp next
        code.bind(finished, code.position());
        code.bind(failed, code.position());
        code.emit(0xcc); //                   end:  int3
    }

    /** Sets the carry flag to zero if rax is an error. */
    private void emitIsError() {
        code.emit(0x48, 0x3d); //                   cmp rax, -4095
        code.emitInt(-4095);
    }

    private void emitNumber(int systemCall) {
        code.emit(0xb8); //                         mov eax, number
        code.emitInt(systemCall);
    }

    private int emitName() {
        int name = code.position();
        for (int i = 0; i < PROCESS_NAME.length(); i++) {
            code.emit(PROCESS_NAME.charAt(i));
        }
        code.emit(0);
        code.align(8);
        return name;
    }

    /** The kernel's {@code struct sigaction}: handler, flags, restorer, mask. */
    private int emitIgnoringAction() {
        int action = code.position();
        code.emitLong(SIG_IGN);
        code.emitLong(0);
        code.emitLong(0);
        code.emitLong(0);
        return action;
    }

    /** A {@code struct rlimit64} that allows nothing. */
    private int emitNothing() {
        int limit = code.position();
        code.emitLong(0);
        code.emitLong(0);
        return limit;
    }

    /** A {@code struct sock_fprog}, behind the instructions that it points to. */
    private int emitFilter() {
        int start = code.position();
        long[] instructions = StubFilter.instructions();
        for (long instruction : instructions) {
            code.emitLong(instruction);
        }
        int program = code.position();
        code.emitLong(instructions.length);
        code.emitLong(StubLayout.STUB_PAGE + start);
        return program;
    }

    private void emitLoadedSetUp() {
        emitEntryOfList(
                SystemCalls.MMAP,
                StubLayout.STUB_PAGE,
                BYTES,
                Mman.PROT_READ | Mman.PROT_EXEC,
                Mman.MAP_PRIVATE | Mman.MAP_FIXED,
                StubLayout.STUB_FD,
                0);
    }

    private void emitSetUp(int name, int ignore, int nothing, int filter) {
        long page = StubLayout.STUB_PAGE;
        // Program, stack, vvar and vdso, wherever they are.
        emitEntryOfList(SystemCalls.MUNMAP, 0, page, 0, 0, 0, 0);
        emitEntryOfList(SystemCalls.CLOSE, StubLayout.STUB_FD, 0, 0, 0, 0, 0);
        // Children that end are gone at once: nobody waits for them.
        emitEntryOfList(SystemCalls.RT_SIGACTION, SIGCHLD, page + ignore, 0, Long.BYTES, 0, 0);
        emitEntryOfList(SystemCalls.PRLIMIT64, 0, Sched.RLIMIT_CORE, page + nothing, 0, 0, 0);
        emitEntryOfList(SystemCalls.PRCTL, Sched.PR_SET_NAME, page + name, 0, 0, 0, 0);
        // Once more: the tracer may have stopped the program before it came to do so itself.
        emitEntryOfList(SystemCalls.PRCTL, Sched.PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
        emitEntryOfList(SystemCalls.PRCTL, Sched.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
        emitEntryOfList(
                SystemCalls.SECCOMP,
                Seccomp.SECCOMP_SET_MODE_FILTER,
                Seccomp.SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                page + filter,
                0,
                0,
                0);
    }

    private void emitEntryOfList(int number, long a0, long a1, long a2, long a3, long a4, long a5) {
        code.emitLong(number);
        code.emitLong(a0);
        code.emitLong(a1);
        code.emitLong(a2);
        code.emitLong(a3);
        code.emitLong(a4);
        code.emitLong(a5);
    }

    /** {@code Elf64_Ehdr} and two {@code Elf64_Phdr} of elf.h, in front of everything else. */
    private void emitHeaders() {
        MachineCode head = new MachineCode(ELF_HEADER_BYTES + 2 * PROGRAM_HEADER_BYTES);
        head.emit(0x7f, 'E', 'L', 'F', 2, 1, 1, 0); // 64 bit, little endian, version 1, System V
        head.emitLong(0);
        head.emit(2, 0, 62, 0); //                     ET_EXEC, EM_X86_64
        head.emitInt(1); //                            EV_CURRENT
        head.emitLong(StubLayout.LOAD_ADDRESS + entry);
        head.emitLong(ELF_HEADER_BYTES); //            the program headers' offset
        head.emitLong(0); //                           no section headers
        head.emitInt(0);
        head.emit(ELF_HEADER_BYTES, 0, PROGRAM_HEADER_BYTES, 0, 2, 0);
        head.emit(0, 0, 0, 0, 0, 0);
        emitProgramHeader(head, 1, 5, StubLayout.LOAD_ADDRESS, BYTES); // PT_LOAD, R+X
        emitProgramHeader(head, 0x6474e551, 6, 0, 0); //                  PT_GNU_STACK, R+W
        System.arraycopy(head.bytes(), 0, code.bytes(), 0, head.position());
    }

    private static void emitProgramHeader(
            MachineCode head, int type, int flags, long address, int size) {
        head.emitInt(type);
        head.emitInt(flags);
        head.emitLong(0);
        head.emitLong(address);
        head.emitLong(address);
        head.emitLong(size);
        head.emitLong(size);
        head.emitLong(size == 0 ? 16 : BYTES);
    }
}
