package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.platform.ptrace.linux.UserRegs;
import dev.plinth.platform.ptrace.stub.StubLayout;
import dev.plinth.platform.ptrace.stub.StubPage;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The memory of one stub process.
 *
 * <p>Only code inside the process can change its memory, and that code runs only when a tracer
 * makes it run. So a change is queued, and the queue is made good:
 *
 * <ul>
 *   <li>while no context is executing guest instructions: by the next one that is about to, in its
 *       own stub thread, together with all that was queued by then;
 *   <li>else at once, by the caller: in the caller's own stub thread, which is stopped while its
 *       Java thread is here; or, if it has none in this process, in the process's keeper.
 * </ul>
 *
 * No guest thread is ever waited for, neither one that executes nor one that does not.
 */
final class PtraceAddressSpace implements AddressSpace {
    private final PtracePlatform platform;
    private final HostKernel host;
    private final StubProcess process;
    private final int batchIndex;
    private final MemorySegment batchPage;
    private final ReentrantLock addressSpaceLock = new ReentrantLock();

    /**
     * How many contexts execute guest instructions, or are past their look at {@link #pending}.
     * Together the two make sure that of a context that starts and a thread that queues a change at
     * the same moment, at least one sees the other.
     */
    private final AtomicInteger executing = new AtomicInteger();

    /** Whether a context must look at what is guarded by the lock before it executes. */
    private volatile boolean pending;

    /** Guarded by addressSpaceLock. */
    private final MemoryCalls calls = new MemoryCalls();

    /** Guarded by addressSpaceLock. */
    private final MappedAccess mapped = new MappedAccess();

    /** Who has a thread of the process; guarded by addressSpaceLock. */
    private final List<PtraceContext> contexts = new ArrayList<>();

    /** A thread that no context has, or zero; guarded by addressSpaceLock. */
    private int idleThread;

    /** Whether a guest had that thread before; guarded by addressSpaceLock. */
    private boolean idleThreadIsUsed;

    /** Whether a thread of the process died; guarded by addressSpaceLock. */
    private boolean lost;

    /** Set if memory is not what it should be; guarded by addressSpaceLock. */
    private HostCallException failure;

    /** Guarded by addressSpaceLock. */
    private boolean closed;

    private PtraceAddressSpace(
            PtracePlatform platform, StubProcess process, int batchIndex, int idleThread) {
        this.platform = platform;
        this.host = platform.host();
        this.process = process;
        this.batchIndex = batchIndex;
        batchPage = platform.batchPages().page(batchIndex);
        this.idleThread = idleThread;
    }

    /** An address space in a new process; it owns the process and the batch page. */
    static PtraceAddressSpace inNew(PtracePlatform platform, StubProcess process, int batchIndex) {
        return new PtraceAddressSpace(platform, process, batchIndex, process.firstThread());
    }

    /** An address space in a process that another one had; it owns the process. */
    static PtraceAddressSpace inUsed(PtracePlatform platform, UsedStubs.Stub stub) {
        PtraceAddressSpace space =
                new PtraceAddressSpace(
                        platform, stub.process(), stub.batchIndex(), stub.idleThread());
        space.idleThreadIsUsed = true;
        // Whatever the last guest had mapped, in front of all that is queued from now on.
        space.calls.unmap(platform.capabilities().userAddresses());
        space.pending = true;
        return space;
    }

    /** Whether a platform made this. */
    boolean isOf(PtracePlatform candidate) {
        return platform == candidate;
    }

    /** The number of the process. */
    int pid() {
        return process.leader();
    }

    @Override
    public void map(AddressRange range, BackingFile file, long offset, AccessType access) {
        check(range);
        if (access == AccessType.NONE) {
            throw new IllegalArgumentException("a mapping allows some access");
        }
        if (!Pages.isAligned(offset)
                || offset < 0
                || offset > file.view().byteSize() - range.length()) {
            throw new IllegalArgumentException(
                    "not in the file: 0x%x + 0x%x".formatted(offset, range.length()));
        }
        AccessType effective = onX86(access);
        int descriptor = platform.descriptorOf(file);
        addressSpaceLock.lock();
        try {
            requireOpenLocked();
            mapped.map(range, effective);
            calls.map(range, effective.prot(), descriptor, offset);
            publishLocked();
        } finally {
            addressSpaceLock.unlock();
        }
    }

    @Override
    public void protect(AddressRange range, AccessType access) {
        check(range);
        AccessType effective = onX86(access);
        addressSpaceLock.lock();
        try {
            requireOpenLocked();
            if (!mapped.isMapped(range)) {
                throw new IllegalArgumentException("not all of it is mapped: " + range);
            }
            mapped.map(range, effective);
            calls.protect(range, effective.prot());
            publishLocked();
        } finally {
            addressSpaceLock.unlock();
        }
    }

    @Override
    public void unmap(AddressRange range) {
        check(range);
        addressSpaceLock.lock();
        try {
            requireOpenLocked();
            mapped.unmap(range);
            calls.unmap(range);
            publishLocked();
        } finally {
            addressSpaceLock.unlock();
        }
    }

    /** Processors of this kind have no mapping that can be written or executed but not read. */
    private static AccessType onX86(AccessType access) {
        return access == AccessType.NONE ? access : access.union(AccessType.READ);
    }

    private void check(AddressRange range) {
        requireNonNull(range, "range is null");
        if (range.isEmpty()
                || !range.isPageAligned()
                || !platform.capabilities().userAddresses().contains(range)) {
            throw new IllegalArgumentException("cannot be mapped: " + range);
        }
    }

    private void requireOpenLocked() {
        if (closed) {
            throw new IllegalStateException("the address space is closed");
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void publishLocked() {
        pending = true;
        if (executing.get() > 0) {
            applyForCallerLocked();
        }
    }

    /** Makes the queued calls while contexts are executing. */
    private void applyForCallerLocked() {
        try {
            for (PtraceContext context : contexts) {
                if (context.isOwnedByCaller() && !context.isLost()) {
                    applyLocked(context.tracer(), context.tid());
                    return;
                }
            }
            try (Tracer tracer = new Tracer(host)) {
                seizeLocked(tracer, process.keeper(), CpuMask.ANY);
                applyLocked(tracer, process.keeper());
                tracer.detach(process.keeper(), platform.page().idle());
            }
        } catch (StubLostException e) {
            // Nothing of the process executes any more; whose stub it was finds that out by itself.
            calls.clear();
        }
    }

    /** Makes an idle thread of the process the calling thread's tracee. */
    private void seizeLocked(Tracer tracer, int tid, CpuMask cpu) {
        try {
            tracer.seize(tid, cpu);
        } catch (HostCallException e) {
            if (e.is(Errno.EPERM)) {
                // So Linux answers for a thread that is ending; what may be traced once may be
                // traced again.
                throw new StubLostException("the stub was killed", 0);
            }
            throw e;
        }
        // If the process was killed, the number may be somebody else's by now.
        if (!process.owns(host, tid)) {
            tracer.letGo(tid);
            throw new StubLostException("the stub was killed", 0);
        }
    }

    /** Makes all queued calls in a stopped stub thread. */
    private void applyLocked(Tracer tracer, int tid) {
        int next = 0;
        while (next < calls.count()) {
            int copied = calls.copyTo(batchPage, next);
            next += applyPageLocked(tracer, tid, next, copied);
        }
        calls.clear();
        pending = false;
        if (failure != null) {
            pending = true;
            throw failure;
        }
    }

    /** Makes the calls in the batch page, up to one that fails; returns how many are done with. */
    private int applyPageLocked(Tracer tracer, int tid, int first, int count) {
        MemorySegment registers = tracer.registers();
        long end = StubLayout.BATCH_PAGE + (long) count * StubPage.ENTRY_BYTES;
        tracer.prepare(platform.page().batch());
        registers.set(JAVA_LONG, UserRegs.RBX, StubLayout.BATCH_PAGE);
        registers.set(JAVA_LONG, UserRegs.RBP, end);
        tracer.run(tid, platform.page().batchEnd());
        long reached = registers.get(JAVA_LONG, UserRegs.RBX);
        if (reached == end) {
            return count;
        }
        int done = (int) ((reached - StubLayout.BATCH_PAGE) / StubPage.ENTRY_BYTES);
        if (failure == null) {
            // Pages that the kernel has given to somebody else may still be mapped here, so no
            // context executes in this address space again. The calls behind are made all the same.
            failure =
                    HostCallException.ofResult(
                            calls.nameOf(first + done),
                            calls.argumentsOf(first + done),
                            registers.get(JAVA_LONG, UserRegs.RAX));
        }
        return done + 1;
    }

    /**
     * Called by a context, with its stub thread stopped, when it is about to execute.
     *
     * <p>From then on, until {@link #leave}, every change of the memory is made before the method
     * that asked for it returns.
     */
    void enter(PtraceContext context) {
        executing.incrementAndGet();
        if (pending) {
            boolean done = false;
            try {
                enterSlowly(context);
                done = true;
            } finally {
                if (!done) {
                    executing.decrementAndGet();
                }
            }
        }
    }

    private void enterSlowly(PtraceContext context) {
        addressSpaceLock.lock();
        try {
            requireOpenLocked();
            applyLocked(context.tracer(), context.tid());
        } finally {
            addressSpaceLock.unlock();
        }
    }

    /** Called by a context when it does not execute any more. */
    void leave() {
        executing.decrementAndGet();
    }

    /**
     * Gives a context a thread of the process, stopped, as its tracee.
     *
     * @return the thread's number
     */
    int attach(PtraceContext context) {
        addressSpaceLock.lock();
        try {
            requireOpenLocked();
            int tid = idleThread;
            idleThread = 0;
            if (tid == 0) {
                tid = newThreadLocked(context);
            } else if (idleThreadIsUsed) {
                context.expectUsedStub();
            }
            seizeLocked(context.tracer(), tid, context.cpu());
            contexts.add(context);
            return tid;
        } finally {
            addressSpaceLock.unlock();
        }
    }

    private int newThreadLocked(PtraceContext context) {
        Tracer tracer = context.tracer();
        seizeLocked(tracer, process.keeper(), context.cpu());
        tracer.prepare(platform.page().thread());
        tracer.run(process.keeper(), platform.page().threadEnd());
        long result = tracer.registers().get(JAVA_LONG, UserRegs.RAX);
        tracer.detach(process.keeper(), platform.page().idle());
        if (Errno.isError(result)) {
            throw HostCallException.ofResult("clone(thread of a stub)", new long[0], result);
        }
        return (int) result;
    }

    /** Takes back a context's thread; it ends, unless it is to idle for the next context. */
    void detach(PtraceContext context) {
        addressSpaceLock.lock();
        try {
            contexts.remove(context);
            if (context.isLost()) {
                lost = true;
            } else if (idleThread == 0) {
                context.tracer().detach(context.tid(), platform.page().idle());
                idleThread = context.tid();
                idleThreadIsUsed = true;
            } else {
                context.tracer().detach(context.tid(), platform.page().exit());
            }
            endIfUnusedLocked();
        } catch (StubLostException e) {
            lost = true;
            endIfUnusedLocked();
        } finally {
            addressSpaceLock.unlock();
        }
    }

    /** Whether a page can be read, as far as the guest's own mappings go. */
    boolean isReadable(long address) {
        addressSpaceLock.lock();
        try {
            return mapped.isReadable(address);
        } finally {
            addressSpaceLock.unlock();
        }
    }

    /** Whether a page can be executed, as far as the guest's own mappings go. */
    boolean isExecutable(long address) {
        addressSpaceLock.lock();
        try {
            return mapped.isExecutable(address);
        } finally {
            addressSpaceLock.unlock();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>A context that still has a thread here takes its vector state along when it moves, so the
     * process ends with the last such context.
     */
    @Override
    public void close() {
        addressSpaceLock.lock();
        try {
            if (!closed) {
                closed = true;
                pending = true;
                calls.clear();
                endIfUnusedLocked();
            }
        } finally {
            addressSpaceLock.unlock();
        }
    }

    private void endIfUnusedLocked() {
        if (!closed || !contexts.isEmpty()) {
            return;
        }
        platform.forget(this);
        if (lost || failure != null || idleThread == 0) {
            process.kill(host);
            process.close();
            platform.batchPages().free(batchIndex);
        } else {
            platform.usedStubs().give(new UsedStubs.Stub(process, batchIndex, idleThread));
        }
    }
}
