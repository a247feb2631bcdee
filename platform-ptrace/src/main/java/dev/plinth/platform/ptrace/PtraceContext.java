package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.ptrace.linux.Ptrace;
import dev.plinth.platform.ptrace.linux.SystemCalls;
import dev.plinth.platform.ptrace.linux.UserRegs;
import dev.plinth.platform.ptrace.linux.WaitStatus;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A guest thread: a Java thread, and the stub thread that it traces.
 *
 * <p>The stub thread belongs to one stub process. It is made when the context first runs in an
 * address space, and given up for another when the context runs in another one.
 *
 * <p>A round trip is four calls of the host: registers in, resume, wait, registers out.
 */
final class PtraceContext implements ExecutionContext {
    private static final int SIGCHLD = 17;

    private final PtracePlatform platform;
    private final HostKernel host;
    private final Thread owner = Thread.currentThread();
    private final Tracer tracer;
    private final VectorState vector;
    private final TrapReader traps;
    private final PairedCpu pairedCpu;

    /** Confined to the owner; null if there is none. */
    private PtraceAddressSpace attachedTo;

    /** Whether the stub thread died; confined to the owner. */
    private boolean lost;

    /** Confined to the owner. */
    private boolean closed;

    /** The latch of {@link #interrupt}. */
    private volatile boolean interrupted;

    /** Whether the stub thread may be executing guest instructions. */
    private volatile boolean executing;

    private final ReentrantLock kickLock = new ReentrantLock();

    /** The stub thread; written by the owner only, guarded by kickLock for all others. */
    private int tid;

    /** The stub thread's process; like {@link #tid}. */
    private int pid;

    /** What stub threads used that were given up; guarded by kickLock. */
    private long guestCpuBefore;

    PtraceContext(PtracePlatform platform) {
        this.platform = platform;
        host = platform.host();
        tracer = new Tracer(host);
        vector =
                new VectorState(
                        tracer, platform.capabilities().cpu(), platform.initialVectorState());
        traps = new TrapReader(tracer, platform.capabilities().userAddresses());
        pairedCpu = new PairedCpu(host, tracer.arena(), platform.pairs());
    }

    @Override
    public Trap run(AddressSpace addressSpace, Registers registers) {
        requireOwner();
        if (!(addressSpace instanceof PtraceAddressSpace space) || !space.isOf(platform)) {
            throw new IllegalArgumentException("an address space of another platform");
        }
        if (takeInterrupt()) {
            return Trap.INTERRUPTED;
        }
        try {
            if (space != attachedTo || lost) {
                moveTo(space);
            }
            space.enter(this);
            try {
                return execute(space, registers);
            } finally {
                space.leave();
            }
        } catch (StubLostException e) {
            lost = true;
            vector.forgetStub();
            return new Trap.UnknownExit(e.getMessage(), e.status());
        }
    }

    private Trap execute(PtraceAddressSpace space, Registers registers) {
        long address = registers.segment().address();
        registers.setCs(UserRegs.USER_CS);
        registers.setSs(UserRegs.USER_DS);
        registers.setDs(0);
        registers.setEs(0);
        registers.setFs(0);
        registers.setGs(0);
        registers.setOrigRax(UserRegs.NO_SYSTEM_CALL);
        vector.load(tid);
        if (!tracer.setRegisters(tid, address) && !setWithUncommonBases(registers)) {
            return new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);
        }
        executing = true;
        try {
            // Whoever calls interrupt() sets the latch first and looks at executing then: one of
            // the two sees the other.
            if (takeInterrupt()) {
                return Trap.INTERRUPTED;
            }
            while (true) {
                tracer.resume(Ptrace.PTRACE_SYSEMU, tid);
                int status = tracer.await(tid);
                if (status == WaitStatus.SYSTEM_CALL) {
                    tracer.getRegisters(tid, address);
                    return traps.systemCall(tid, registers);
                }
                if (WaitStatus.signal(status) == SIGCHLD) {
                    if (takeInterrupt()) {
                        tracer.getRegisters(tid, address);
                        return Trap.INTERRUPTED;
                    }
                    // A kick that came after the stop it was meant for, or somebody else's signal.
                    continue;
                }
                Optional<Trap> trap = traps.read(status, tid, space, registers);
                if (trap.isPresent()) {
                    return trap.get();
                }
            }
        } finally {
            executing = false;
        }
    }

    /**
     * Writes the registers if a base of fs or gs is in the upper half of the address space.
     *
     * <p>A guest may load such a base with WRFSBASE, but ptrace takes lower ones only, so an
     * instruction in the stub page loads it.
     *
     * @return false if the processor refuses the base too
     */
    private boolean setWithUncommonBases(Registers registers) {
        MemorySegment scratch = tracer.registers();
        tracer.prepare(platform.page().bases());
        scratch.set(JAVA_LONG, UserRegs.RDI, registers.fsBase());
        scratch.set(JAVA_LONG, UserRegs.RSI, registers.gsBase());
        if (!isCanonical(registers.fsBase()) || !isCanonical(registers.gsBase())) {
            return false;
        }
        tracer.run(tid, platform.page().basesEnd());
        tracer.registerSet(
                Ptrace.PTRACE_SETREGSET,
                tid,
                Ptrace.NT_PRSTATUS,
                registers.segment(),
                UserRegs.FS_BASE);
        return true;
    }

    private static boolean isCanonical(long address) {
        return address << 16 >> 16 == address;
    }

    private boolean takeInterrupt() {
        if (interrupted) {
            interrupted = false;
            return true;
        }
        return false;
    }

    /** Gives up the stub thread of one address space and gets one of another. */
    private void moveTo(PtraceAddressSpace space) {
        giveUpStub();
        int attached = space.attach(this);
        kickLock.lock();
        try {
            tid = attached;
            pid = space.pid();
        } finally {
            kickLock.unlock();
        }
        attachedTo = space;
        lost = false;
    }

    private void giveUpStub() {
        if (attachedTo == null) {
            return;
        }
        if (!lost) {
            try {
                vector.save(tid);
            } catch (StubLostException e) {
                lost = true;
                vector.forgetStub();
            }
        }
        PtraceAddressSpace left = attachedTo;
        attachedTo = null;
        kickLock.lock();
        try {
            guestCpuBefore += stubCpuNanos();
        } finally {
            kickLock.unlock();
        }
        left.detach(this);
        kickLock.lock();
        try {
            tid = 0;
        } finally {
            kickLock.unlock();
        }
    }

    @Override
    public void interrupt() {
        interrupted = true;
        if (executing) {
            kickLock.lock();
            try {
                // If the stub thread was killed just now, its number may belong to another process
                // already, in theory; but this signal does nothing to a process that is not traced.
                if (executing && tid != 0) {
                    host.syscall(SystemCalls.TGKILL, pid, tid, SIGCHLD);
                }
            } finally {
                kickLock.unlock();
            }
        }
    }

    @Override
    public long guestCpuNanos() {
        kickLock.lock();
        try {
            return guestCpuBefore + stubCpuNanos();
        } finally {
            kickLock.unlock();
        }
    }

    /** What the stub thread used, as the host's scheduler counts; under kickLock. */
    private long stubCpuNanos() {
        if (tid == 0) {
            return 0;
        }
        try (Arena arena = Arena.ofConfined()) {
            String path = "/proc/" + pid + "/task/" + tid + "/schedstat";
            return HostFiles.readNumber(host, arena, path, 0);
        }
    }

    @Override
    public void readVectorState(MemorySegment destination) {
        requireOwner();
        vector.read(tid, destination);
    }

    @Override
    public void writeVectorState(MemorySegment source) {
        requireOwner();
        vector.write(source);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        requireOwner();
        closed = true;
        try {
            giveUpStub();
        } finally {
            pairedCpu.close();
            tracer.close();
            platform.forget(this);
        }
    }

    private void requireOwner() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("called by another thread than the context's");
        }
        if (closed) {
            throw new IllegalStateException("the context is closed");
        }
    }

    /** Whether the calling thread is the one that owns this. */
    boolean isOwnedByCaller() {
        return Thread.currentThread() == owner;
    }

    /** The stub thread that the context gets has another guest's vector state; by the owner. */
    void expectUsedStub() {
        vector.expectUsedStub();
    }

    /** Whether the stub thread died; asked by the owner. */
    boolean isLost() {
        return lost;
    }

    /** The requests of the owner. */
    Tracer tracer() {
        return tracer;
    }

    /** The stub thread; asked by the owner. */
    int tid() {
        return tid;
    }

    /** Where the pair of threads runs. */
    CpuMask cpu() {
        return pairedCpu.mask();
    }
}
