package dev.plinth.platform.ptrace.stub;

import dev.plinth.platform.ptrace.linux.Mman;
import dev.plinth.platform.ptrace.linux.Sched;
import dev.plinth.platform.ptrace.linux.Seccomp;
import dev.plinth.platform.ptrace.linux.SystemCalls;

/**
 * The system calls that a stub may make: those that its page makes for the tracer, nothing else.
 *
 * <p>This is a second wall. A guest's calls never get as far, because ptrace reports and skips them
 * before seccomp looks; should that fail for whatever reason, the stub is killed here.
 *
 * <p>One thing gets past ptrace by design of Linux: the kernel emulates calls into the vsyscall
 * page in the page fault handler, where only seccomp is asked. Those numbers trap.
 */
final class StubFilter {
    private static final int ARG0 = Seccomp.DATA_ARGS;
    private static final int SIGKILL = 9;

    private final BpfProgram program = new BpfProgram();
    private final int allow = program.newLabel();
    private final int trap = program.newLabel();
    private final int kill = program.newLabel();

    private StubFilter() {}

    static long[] instructions() {
        return new StubFilter().build();
    }

    private long[] build() {
        int mmap = program.newLabel();
        int range = program.newLabel();
        int clone = program.newLabel();
        int prctl = program.newLabel();

        int rightArchitecture = program.newLabel();
        program.load(Seccomp.DATA_ARCH);
        program.jumpIfEqual(Seccomp.AUDIT_ARCH_X86_64, rightArchitecture);
        program.ret(Seccomp.SECCOMP_RET_KILL_PROCESS);

        program.place(rightArchitecture);
        program.load(Seccomp.DATA_NR);
        program.jumpIfEqual(SystemCalls.MMAP, mmap);
        program.jumpIfEqual(SystemCalls.MUNMAP, range);
        program.jumpIfEqual(SystemCalls.MPROTECT, range);
        program.jumpIfEqual(SystemCalls.CLONE, clone);
        program.jumpIfEqual(SystemCalls.PRCTL, prctl);
        program.jumpIfEqual(SystemCalls.PAUSE, allow);
        program.jumpIfEqual(SystemCalls.GETPPID, allow);
        program.jumpIfEqual(SystemCalls.WAIT4, allow);
        program.jumpIfEqual(SystemCalls.EXIT, allow);
        program.jumpIfEqual(SystemCalls.EXIT_GROUP, allow);
        program.jumpIfEqual(SystemCalls.GETTIMEOFDAY, trap);
        program.jumpIfEqual(SystemCalls.TIME, trap);
        program.jumpIfEqual(SystemCalls.GETCPU, trap);
        program.ret(Seccomp.SECCOMP_RET_KILL_PROCESS);

        program.place(mmap);
        requireArgument(3, Mman.MAP_SHARED | Mman.MAP_FIXED);
        int stubPages = program.newLabel();
        jumpIfInStubPages(stubPages);
        program.ret(Seccomp.SECCOMP_RET_ALLOW);

        // The one mapping up there is an address space's own batch page, once, not writable.
        program.place(stubPages);
        requireArgument(0, StubLayout.BATCH_PAGE);
        requireArgument(1, 4096);
        requireArgument(2, Mman.PROT_READ);
        requireArgument(4, StubLayout.BATCH_FD);
        program.ret(Seccomp.SECCOMP_RET_ALLOW);

        program.place(range);
        jumpIfInStubPages(kill);
        program.ret(Seccomp.SECCOMP_RET_ALLOW);

        program.place(clone);
        int exactFlags = program.newLabel();
        program.load(ARG0 + 4);
        program.jumpIfEqual(0, exactFlags);
        program.ret(Seccomp.SECCOMP_RET_KILL_PROCESS);
        program.place(exactFlags);
        program.load(ARG0);
        program.jumpIfEqual(StubPage.PROCESS_FLAGS, allow);
        program.jumpIfEqual(StubPage.THREAD_FLAGS, allow);
        program.ret(Seccomp.SECCOMP_RET_KILL_PROCESS);

        program.place(prctl);
        requireArgument(0, Sched.PR_SET_PDEATHSIG);
        requireArgument(1, SIGKILL);
        program.place(allow);
        program.ret(Seccomp.SECCOMP_RET_ALLOW);

        program.place(trap);
        program.ret(Seccomp.SECCOMP_RET_TRAP);

        program.place(kill);
        program.ret(Seccomp.SECCOMP_RET_KILL_PROCESS);
        return program.instructions();
    }

    /** Goes on only if a 64-bit argument of the call has this value. */
    private void requireArgument(int index, long value) {
        requireWord(ARG0 + 8 * index + 4, (int) (value >> 32));
        requireWord(ARG0 + 8 * index, (int) value);
    }

    private void requireWord(int offset, int value) {
        int equal = program.newLabel();
        program.load(offset);
        program.jumpIfEqual(value, equal);
        program.ret(Seccomp.SECCOMP_RET_KILL_PROCESS);
        program.place(equal);
    }

    /**
     * Jumps if the first argument is an address in the stub's own pages or beyond. That a range
     * below does not reach into them is the tracer's to check: BPF has no 64-bit addition.
     */
    private void jumpIfInStubPages(int label) {
        int upperHalf = (int) (StubLayout.BATCH_PAGE >> 32);
        int highest = program.newLabel();
        int below = program.newLabel();
        program.load(ARG0 + 4);
        program.jumpIfEqual(upperHalf, highest);
        program.jumpIfNotBelow(upperHalf, label);
        program.jumpIfNotBelow(0, below);
        program.place(highest);
        program.load(ARG0);
        program.jumpIfNotBelow((int) StubLayout.BATCH_PAGE, label);
        program.place(below);
    }
}
