package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostKernel;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Stub processes whose address spaces were closed, for address spaces to come.
 *
 * <p>To make a process, to let it end, and to wait for the thread that makes it costs more than all
 * the rest of a fork(2) on this platform. A process that is used again still has the memory of its
 * last guest mapped; its new address space begins by unmapping all of it. Its threads idle
 * meanwhile and are traced by nobody.
 *
 * <p>Any thread may call any method.
 */
final class UsedStubs implements AutoCloseable {
    /** More are not kept. */
    static final int MAX = 8;

    private final HostKernel host;
    private final BatchPages batchPages;
    private final ReentrantLock stubsLock = new ReentrantLock();

    /** The one that was used last in front; guarded by stubsLock. */
    private final Deque<Stub> stubs = new ArrayDeque<>();

    /** Guarded by stubsLock. */
    private boolean closed;

    /**
     * A process that idles.
     *
     * @param process the process; owned
     * @param batchIndex its batch page; owned
     * @param idleThread a thread for a guest, whose vector state is that of the last one
     */
    record Stub(StubProcess process, int batchIndex, int idleThread) {}

    UsedStubs(HostKernel host, BatchPages batchPages) {
        this.host = host;
        this.batchPages = batchPages;
    }

    /** Takes a process over, to be used again or to be ended. */
    void give(Stub stub) {
        stubsLock.lock();
        try {
            if (!closed && stubs.size() < MAX) {
                stubs.push(stub);
                return;
            }
        } finally {
            stubsLock.unlock();
        }
        end(stub);
    }

    /** A process that lives, which is the caller's from now on; empty if there is none. */
    Optional<Stub> take() {
        while (true) {
            Stub stub;
            stubsLock.lock();
            try {
                stub = stubs.poll();
            } finally {
                stubsLock.unlock();
            }
            if (stub == null) {
                return Optional.empty();
            }
            if (stub.process().owns(host, stub.idleThread())) {
                batchPages.clear(stub.batchIndex());
                return Optional.of(stub);
            }
            // Somebody killed it meanwhile.
            end(stub);
        }
    }

    private void end(Stub stub) {
        stub.process().kill(host);
        stub.process().close();
        batchPages.free(stub.batchIndex());
    }

    /** Ends all of them, and those that come later. */
    @Override
    public void close() {
        stubsLock.lock();
        try {
            closed = true;
            stubs.forEach(this::end);
            stubs.clear();
        } finally {
            stubsLock.unlock();
        }
    }
}
