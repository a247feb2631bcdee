package dev.plinth.platform.kvm;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.platform.kvm.x86.Flags;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A guest thread: a Java thread, and the vCPU that it executes on.
 *
 * <p>Interrupting it takes three steps, in this order: set the latch, ask KVM to exit at once, send
 * the thread a signal. The request stops a vCPU that is about to execute, the signal one that does;
 * the owner takes the request back before it looks at the latch, so none gets lost.
 */
final class KvmContext implements ExecutionContext {
    private final KvmPlatform platform;
    private final HostKernel host;
    private final VcpuPool vcpus;
    private final Thread owner = Thread.currentThread();
    private final int tid;
    private final TrapReader traps;

    /** Guarded by the pool's lock, which may take the vCPU that has it. */
    private final VectorState vectorState;

    /** Confined to the owner. */
    private boolean closed;

    /** The latch of {@link #interrupt}. */
    private volatile boolean interrupted;

    /** Whether another context is to have the vCPU. */
    private volatile boolean turnOver;

    /**
     * Whether the owner has been kicked and has not looked at the latch since; another kick would
     * tell it nothing new.
     */
    private volatile boolean kicked;

    private final ReentrantLock kickLock = new ReentrantLock();

    /** What the owner executes on; empty if it does not. Written under kickLock. */
    private volatile Optional<GuestCpu> executing = Optional.empty();

    /** Whether a signal was sent since the owner began to execute. */
    @GuardedBy("kickLock")
    private boolean signalSent;

    /**
     * Makes a context of the calling thread.
     *
     * @throws dev.plinth.api.host.HostCallException if there could be a vCPU for it, but the host
     *     refuses
     */
    KvmContext(KvmPlatform platform) {
        this.platform = platform;
        host = platform.host();
        vcpus = platform.vcpus();
        tid = (int) host.syscall(SystemCalls.GETTID);
        vectorState =
                new VectorState(platform.capabilities().cpu(), platform.machine().mxcsrMask());
        traps = new TrapReader(platform.cpuid());
        vcpus.register(this);
    }

    @Override
    public Trap run(AddressSpace addressSpace, Registers registers) {
        requireOwner();
        if (!(addressSpace instanceof KvmAddressSpace space) || !space.isOf(platform.machine())) {
            throw new IllegalArgumentException("an address space of another platform");
        }
        if (takeInterrupt()) {
            return Trap.INTERRUPTED;
        }
        if (!isCanonical(registers.rip())
                || !isCanonical(registers.fsBase())
                || !isCanonical(registers.gsBase())) {
            // A processor refuses these on the way to ring 3, or, worse, in ring 0.
            return TrapReader.GENERAL_PROTECTION;
        }
        space.enter();
        try {
            Optional<Trap> trap;
            do {
                trap = takeTurn(space, registers);
            } while (trap.isEmpty());
            return trap.get();
        } finally {
            space.leave();
        }
    }

    /** Executes until there is a trap, or another context is to have the vCPU. */
    private Optional<Trap> takeTurn(KvmAddressSpace space, Registers registers) {
        Optional<GuestCpu> entered = vcpus.enter(this);
        if (entered.isEmpty()) {
            takeInterrupt();
            return Optional.of(Trap.INTERRUPTED);
        }
        GuestCpu cpu = entered.get();
        try {
            vectorState.load(cpu);
            begin(cpu);
            try {
                return execute(cpu, space, registers);
            } finally {
                end();
            }
        } finally {
            vcpus.leave(this);
        }
    }

    private Optional<Trap> execute(GuestCpu cpu, KvmAddressSpace space, Registers registers) {
        while (true) {
            kicked = false;
            cpu.vcpu().clearExitRequest();
            if (takeInterrupt()) {
                return Optional.of(Trap.INTERRUPTED);
            }
            if (turnOver) {
                return Optional.empty();
            }
            boolean stepping = (registers.eflags() & Flags.TRAP) != 0;
            switch (cpu.run(space.root(), registers)) {
                case GuestEvent.SystemCall call -> {
                    return Optional.of(Trap.SYSTEM_CALL);
                }
                case GuestEvent.CpuException exception -> {
                    Optional<Trap> trap =
                            traps.read(exception, stepping, space, registers, cpu, vectorState);
                    if (trap.isPresent()) {
                        return trap;
                    }
                }
                case GuestEvent.Interruption interruption -> {
                    // Either for the latch, or for a turn, or a signal of somebody else's.
                }
                case GuestEvent.Lost lost -> {
                    return Optional.of(new Trap.UnknownExit(lost.description(), lost.code()));
                }
            }
        }
    }

    private static boolean isCanonical(long address) {
        return address << 16 >> 16 == address;
    }

    private void begin(GuestCpu cpu) {
        kickLock.lock();
        try {
            executing = Optional.of(cpu);
            turnOver = false;
            signalSent = false;
        } finally {
            kickLock.unlock();
        }
    }

    private void end() {
        boolean signalled;
        kickLock.lock();
        try {
            executing = Optional.empty();
            signalled = signalSent;
        } finally {
            kickLock.unlock();
        }
        if (signalled) {
            // The signal may be on its way still, and would interrupt a call that has nothing to do
            // with it. It arrives at the latest when a call returns.
            host.syscall(SystemCalls.GETPID);
        }
    }

    private boolean takeInterrupt() {
        if (interrupted) {
            interrupted = false;
            return true;
        }
        return false;
    }

    /** Whether the latch is set. */
    boolean isInterrupted() {
        return interrupted;
    }

    @Override
    public void interrupt() {
        interrupted = true;
        kick();
    }

    /** Makes the owner give another context its vCPU soon, if it executes. */
    void endTurn() {
        turnOver = true;
        kick();
    }

    /** Makes the owner look at the latch, and whether its turn is over, if it executes. */
    private void kick() {
        if (executing.isEmpty() || kicked) {
            return;
        }
        kickLock.lock();
        try {
            if (executing.isPresent()) {
                kicked = true;
                executing.get().vcpu().requestExit();
                host.syscall(SystemCalls.TGKILL, platform.pid(), tid, KvmPlatform.KICK.number());
                signalSent = true;
            }
        } finally {
            kickLock.unlock();
        }
    }

    /** The vector state; for the pool, while the context does not execute. */
    VectorState vectorState() {
        return vectorState;
    }

    @Override
    public void readVectorState(MemorySegment destination) {
        requireOwner();
        vcpus.withVcpu(
                this,
                vcpu -> {
                    vcpu.ifPresent(vectorState::refresh);
                    vectorState.read(destination);
                });
    }

    @Override
    public void writeVectorState(MemorySegment source) {
        requireOwner();
        vcpus.withVcpu(this, vcpu -> vectorState.write(source));
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        requireOwner();
        closed = true;
        vcpus.unregister(this);
    }

    private void requireOwner() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("called by another thread than the context's");
        }
        if (closed) {
            throw new IllegalStateException("the context is closed");
        }
    }
}
