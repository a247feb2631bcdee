package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.platform.ptrace.linux.Ptrace;
import dev.plinth.platform.ptrace.linux.SigInfo;
import dev.plinth.platform.ptrace.linux.SystemCalls;
import dev.plinth.platform.ptrace.linux.UserRegs;
import dev.plinth.platform.ptrace.linux.WaitStatus;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The ptrace requests that one Java thread makes of its tracees, and the memory that they need.
 *
 * <p>Confined to that thread, a platform thread: Linux ties a tracee to the thread that seized it,
 * answers ESRCH to any other, and kills the tracee when that thread ends ({@code
 * PTRACE_O_EXITKILL}).
 *
 * <p>A request that fails because the tracee died is reported with {@link StubLostException}, and
 * the tracee is reaped by then.
 */
final class Tracer implements AutoCloseable {
    /** A tracee dies with its tracer, and its system call stops can be told from others. */
    static final long OPTIONS = Ptrace.PTRACE_O_EXITKILL | Ptrace.PTRACE_O_TRACESYSGOOD;

    private static final int SIGILL = 4;
    private static final int SIGTRAP = 5;
    private static final int SIGBUS = 7;
    private static final int SIGSEGV = 11;

    /** A pointer and a length. */
    private static final int IOVEC_BYTES = 16;

    private final HostKernel host;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment registers = arena.allocate(UserRegs.BYTES, Long.BYTES);
    private final MemorySegment siginfo = arena.allocate(SigInfo.BYTES, Long.BYTES);
    private final MemorySegment iovec = arena.allocate(IOVEC_BYTES, Long.BYTES);
    private final MemorySegment status = arena.allocate(Long.BYTES, Long.BYTES);
    private final MemorySegment info = arena.allocate(Ptrace.SYSCALL_INFO_BYTES, Long.BYTES);
    private final long statusAddress = status.address();

    Tracer(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    /** Memory that lives as long as this tracer. */
    Arena arena() {
        return arena;
    }

    /** A {@code struct user_regs_struct} for the routines of the stub page. */
    MemorySegment registers() {
        return registers;
    }

    /**
     * Makes a running thread this thread's tracee, and stops it.
     *
     * @param cpu pins it there first, so that it stops and answers without a wake-up across CPUs;
     *     {@link CpuMask#ANY} leaves it where it is
     */
    void seize(int tid, CpuMask cpu) {
        cpu.apply(host, tid);
        long result = host.syscall(SystemCalls.PTRACE, Ptrace.PTRACE_SEIZE, tid, 0, OPTIONS);
        if (result == -Errno.ESRCH.number()) {
            throw new StubLostException("the stub was killed", 0);
        }
        if (result < 0) {
            throw HostCallException.ofResult(
                    "ptrace(PTRACE_SEIZE)", new long[] {tid, OPTIONS}, result);
        }
        request(Ptrace.PTRACE_INTERRUPT, tid, 0);
        awaitStop(tid);
    }

    /** Waits until a tracee stops or ends; returns its wait status. */
    int await(int tid) {
        while (true) {
            long result =
                    host.syscall(SystemCalls.WAIT4, tid, statusAddress, WaitStatus.WALL, 0, 0, 0);
            if (result == tid) {
                return status.get(JAVA_INT, 0);
            }
            if (result == -Errno.ECHILD.number()) {
                // Its end was seen before, by a request on behalf of somebody else.
                throw new StubLostException("the stub was killed", 0);
            }
            if (result != -Errno.EINTR.number()) {
                throw HostCallException.ofResult("wait4(stub)", new long[] {tid}, result);
            }
        }
    }

    /** Waits until a tracee that was killed is gone. */
    void awaitEnd(int tid) {
        while (WaitStatus.isStop(await(tid))) {
            // A stop from before the kill.
        }
    }

    /** Waits until a tracee stops. */
    int awaitStop(int tid) {
        int stop = await(tid);
        if (!WaitStatus.isStop(stop)) {
            throw lost(stop);
        }
        return stop;
    }

    /** Reports a tracee that ended. */
    static StubLostException lost(int status) {
        int signal = WaitStatus.terminationSignal(status);
        String how =
                Signal.isValid(signal)
                        ? "was killed by " + Signal.of(signal)
                        : "exited with status " + WaitStatus.exitStatus(status);
        return new StubLostException("the stub " + how, status);
    }

    /** Resumes a tracee, with no signal. */
    void resume(int how, int tid) {
        request(how, tid, 0);
    }

    /**
     * Writes the registers of a stopped tracee.
     *
     * @return false if the host refuses the base of a segment; all registers in front of the bases
     *     are written then
     */
    boolean setRegisters(int tid, long address) {
        long result = host.syscall(SystemCalls.PTRACE, Ptrace.PTRACE_SETREGS, tid, 0, address);
        if (result == -Errno.EIO.number()) {
            return false;
        }
        if (result < 0) {
            throw failed(Ptrace.PTRACE_SETREGS, tid, result);
        }
        return true;
    }

    /** Reads the registers of a stopped tracee. */
    void getRegisters(int tid, long address) {
        request(Ptrace.PTRACE_GETREGS, tid, address);
    }

    private void request(int request, int tid, long data) {
        long result = host.syscall(SystemCalls.PTRACE, request, tid, 0, data);
        if (result < 0) {
            throw failed(request, tid, result);
        }
    }

    /**
     * Transfers the registers of one kind, from their beginning.
     *
     * @return how many bytes there were
     * @throws HostCallException if the host refuses the values
     */
    long registerSet(int request, int tid, int kind, MemorySegment memory, long length) {
        // SAFETY: the kernel reads or writes at most the length it is told, which is within memory.
        iovec.set(JAVA_LONG, 0, memory.asSlice(0, length).address());
        iovec.set(JAVA_LONG, Long.BYTES, length);
        long result = host.syscall(SystemCalls.PTRACE, request, tid, kind, iovec.address(), 0, 0);
        if (result < 0) {
            throw failed(request, tid, result);
        }
        return iovec.get(JAVA_LONG, Long.BYTES);
    }

    /** The signal that a tracee is stopped for. */
    MemorySegment signalInfo(int tid) {
        request(Ptrace.PTRACE_GETSIGINFO, tid, siginfo.address());
        return siginfo;
    }

    /** The architecture of the system call that a tracee is stopped in: {@code AUDIT_ARCH_*}. */
    int systemCallArchitecture(int tid) {
        long result =
                host.syscall(
                        SystemCalls.PTRACE,
                        Ptrace.PTRACE_GET_SYSCALL_INFO,
                        tid,
                        info.byteSize(),
                        info.address(),
                        0,
                        0);
        if (result < 0) {
            throw failed(Ptrace.PTRACE_GET_SYSCALL_INFO, tid, result);
        }
        return info.get(JAVA_INT, Ptrace.SYSCALL_INFO_ARCH);
    }

    /**
     * Reads an aligned word of a stopped tracee's memory into {@link #word()}, if it can be read.
     */
    boolean peek(int tid, long address) {
        return host.syscall(
                        SystemCalls.PTRACE,
                        Ptrace.PTRACE_PEEKTEXT,
                        tid,
                        address,
                        statusAddress,
                        0,
                        0)
                == 0;
    }

    /** What {@link #peek} read. */
    long word() {
        return status.get(JAVA_LONG, 0);
    }

    /** Makes {@link #registers()} those of a thread that is to run a routine of the stub page. */
    void prepare(long routine) {
        registers.fill((byte) 0);
        registers.set(JAVA_LONG, UserRegs.RIP, routine);
        registers.set(JAVA_LONG, UserRegs.ORIG_RAX, UserRegs.NO_SYSTEM_CALL);
        registers.set(JAVA_LONG, UserRegs.CS, UserRegs.USER_CS);
        registers.set(JAVA_LONG, UserRegs.SS, UserRegs.USER_DS);
        registers.set(JAVA_LONG, UserRegs.EFLAGS, UserRegs.INITIAL_EFLAGS);
    }

    /**
     * Lets a stopped tracee run a routine of the stub page, from and to {@link #registers()}.
     *
     * <p>Signals that come in meanwhile are dropped: a kick is latched by who sent it, and what
     * others send is none of the guest's business.
     *
     * @param end the address behind the routine's last instruction
     */
    void run(int tid, long end) {
        setRegisters(tid, registers.address());
        finish(tid, end);
    }

    /** The second half of {@link #run}, for a tracee that has its registers. */
    void finish(int tid, long end) {
        while (true) {
            resume(Ptrace.PTRACE_CONT, tid);
            int signal = WaitStatus.signal(awaitStop(tid));
            if (signal == SIGTRAP) {
                getRegisters(tid, registers.address());
                if (registers.get(JAVA_LONG, UserRegs.RIP) == end) {
                    return;
                }
            } else if (isFault(signal) && signalInfo(tid).get(JAVA_INT, SigInfo.SI_CODE) > 0) {
                // A guest can do that to its own stub, with a protection key for all of its memory.
                throw new StubLostException(
                        "the stub's own code raised " + Signal.of(signal), signal << 8);
            }
        }
    }

    /** Lets go of a stopped tracee, which goes on at a routine of the stub page. */
    void detach(int tid, long routine) {
        prepare(routine);
        setRegisters(tid, registers.address());
        request(Ptrace.PTRACE_DETACH, tid, 0);
    }

    /** Lets go of a stopped tracee as it is, whoever it is. */
    void letGo(int tid) {
        host.syscall(SystemCalls.PTRACE, Ptrace.PTRACE_DETACH, tid);
    }

    @Override
    public void close() {
        arena.close();
    }

    private static boolean isFault(int signal) {
        return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL;
    }

    /** The host gives ESRCH for a tracee that was killed while it was stopped. */
    private RuntimeException failed(int request, int tid, long result) {
        if (result == -Errno.ESRCH.number()) {
            int end = await(tid);
            while (WaitStatus.isStop(end)) {
                end = await(tid);
            }
            return lost(end);
        }
        return HostCallException.ofResult("ptrace(stub)", new long[] {request, tid}, result);
    }
}
