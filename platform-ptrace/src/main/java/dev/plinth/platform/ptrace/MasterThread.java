package dev.plinth.platform.ptrace;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.platform.ptrace.linux.SystemCalls;
import dev.plinth.platform.ptrace.stub.StubPage;

import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The thread that owns the master stub, and makes stubs when others ask for them.
 *
 * <p>It lives as long as the platform, because the master and with it all stubs die with it. Its
 * methods are called from any thread and wait for it, uninterruptibly: what the host gives has to
 * be owned by somebody.
 */
final class MasterThread implements AutoCloseable {
    private static final long STACK_BYTES = 256 << 10;

    /** No request. */
    private static final long NOTHING = -1;

    private final HostKernel host;
    private final CpuPairs pairs;
    private final HostFd batchFile;
    private final List<BackingFile> backingFiles;

    /** Held by whoever asks for something, until it is there. */
    private final ReentrantLock askerLock = new ReentrantLock();

    private final ReentrantLock requestLock = new ReentrantLock();
    private final Condition changed = requestLock.newCondition();

    /** The batch page of the process that is asked for; guarded by requestLock. */
    private long request = NOTHING;

    /** Whether the thread shall end; guarded by requestLock. */
    private boolean closing;

    /** Whether all children are to be waited for before; guarded by requestLock. */
    private boolean childrenWereKilled;

    /** Whether the thread has done what was asked last; guarded by requestLock. */
    private boolean done;

    /** What was asked for, or null; guarded by requestLock. */
    private StubProcess made;

    /** Why it could not be made, or null; guarded by requestLock. */
    private RuntimeException failure;

    // Written once, before the constructor returns.
    private int tid;
    private int masterPid;
    private StubPage page;
    private byte[] initialVectorState;

    /**
     * Starts the thread and the process.
     *
     * @throws dev.plinth.api.host.HostCallException if the host refuses; nothing is left behind
     */
    MasterThread(
            HostKernel host, CpuPairs pairs, HostFd batchFile, List<BackingFile> backingFiles) {
        this.host = requireNonNull(host, "host is null");
        this.pairs = requireNonNull(pairs, "pairs is null");
        this.batchFile = requireNonNull(batchFile, "batchFile is null");
        this.backingFiles = requireNonNull(backingFiles, "backingFiles is null");
        requestLock.lock();
        try {
            new Owner().start();
            awaitAnswerLocked();
        } finally {
            requestLock.unlock();
        }
    }

    /** The stub page of all stubs. */
    StubPage page() {
        return page;
    }

    /** The vector state of a new program, as ptrace gives it; not to be written to. */
    byte[] initialVectorState() {
        return initialVectorState;
    }

    /** See {@link MasterStub#newProcess}. */
    StubProcess newProcess(long batchOffset) {
        askerLock.lock();
        try {
            pairs.bringHere(tid, masterPid);
            requestLock.lock();
            try {
                if (closing) {
                    throw new IllegalStateException("the platform is closed");
                }
                request = batchOffset;
                changed.signalAll();
                awaitAnswerLocked();
                return made;
            } finally {
                made = null;
                requestLock.unlock();
            }
        } finally {
            askerLock.unlock();
        }
    }

    /**
     * Ends the master, all stubs, and the thread.
     *
     * @param afterChildren wait until all stubs are gone; they have been killed
     */
    void close(boolean afterChildren) {
        askerLock.lock();
        requestLock.lock();
        try {
            if (!closing) {
                closing = true;
                childrenWereKilled = afterChildren;
                changed.signalAll();
                awaitAnswerLocked();
            }
        } finally {
            requestLock.unlock();
            askerLock.unlock();
        }
    }

    @Override
    public void close() {
        close(false);
    }

    private void awaitAnswerLocked() {
        while (!done) {
            changed.awaitUninterruptibly();
        }
        done = false;
        if (failure != null) {
            RuntimeException thrown = failure;
            failure = null;
            throw thrown;
        }
    }

    /** The thread itself. */
    private final class Owner extends Thread {
        Owner() {
            super(null, null, "plinth-ptrace-master", STACK_BYTES);
            setDaemon(true);
        }

        @Override
        public void run() {
            requestLock.lock();
            try (Tracer tracer = new Tracer(host)) {
                MasterStub master = start(tracer);
                if (master != null) {
                    serve(master);
                }
            } finally {
                closing = true;
                answer();
                requestLock.unlock();
            }
        }

        private MasterStub start(Tracer tracer) {
            try {
                // The master starts where it is waited for: that halves the time it takes.
                pairs.bringHere(0);
                MasterStub master = new MasterStub(host, tracer, batchFile, backingFiles);
                tid = (int) host.syscall(SystemCalls.GETTID);
                masterPid = master.pid();
                page = master.page();
                initialVectorState = master.initialVectorState();
                answer();
                return master;
            } catch (RuntimeException e) {
                failure = e;
                return null;
            }
        }

        private void serve(MasterStub master) {
            try (master) {
                while (!closing) {
                    if (request == NOTHING) {
                        changed.awaitUninterruptibly();
                    } else {
                        makeProcess(master);
                        answer();
                    }
                }
                if (childrenWereKilled) {
                    master.awaitChildren();
                }
            } catch (StubLostException e) {
                // Somebody killed the master, and all stubs with it, before we did.
                return;
            }
        }

        private void makeProcess(MasterStub master) {
            try {
                made = master.newProcess(request);
            } catch (RuntimeException e) {
                failure = e;
            }
            request = NOTHING;
        }

        private void answer() {
            done = true;
            changed.signalAll();
        }
    }
}
