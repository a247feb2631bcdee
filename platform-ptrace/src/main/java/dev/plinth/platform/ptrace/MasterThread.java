package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.platform.ptrace.stub.StubPage;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The thread that owns the master stub, and makes stubs when others ask for them.
 *
 * <p>It lives as long as the platform, because the master and with it all stubs die with it. Its
 * methods are called from any thread, and wait for it.
 */
final class MasterThread implements AutoCloseable {
    private static final long STACK_BYTES = 256 << 10;

    private final HostKernel host;
    private final LinkedBlockingQueue<FutureTask<?>> requests = new LinkedBlockingQueue<>();
    private final Thread thread = new Thread(null, this::serve, "plinth-ptrace-master", STACK_BYTES);

    /** Confined to the thread. */
    private Tracer tracer;

    /** Confined to the thread. */
    private MasterStub master;

    /** Confined to the thread. */
    private boolean closed;

    /** Written once, before the constructor returns. */
    private StubPage page;

    /** Written once, before the constructor returns. */
    private byte[] initialVectorState;

    /**
     * Starts the thread and the process.
     *
     * @throws dev.plinth.api.host.HostCallException if the host refuses; nothing is left behind
     */
    MasterThread(HostKernel host, HostFd batchFile, List<BackingFile> backingFiles) {
        this.host = host;
        thread.setDaemon(true);
        thread.start();
        call(
                () -> {
                    start(batchFile, backingFiles);
                    return page;
                });
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
        return call(() -> master.newProcess(batchOffset));
    }

    /** See {@link MasterStub#awaitChildren}. */
    void awaitChildren() {
        call(
                () -> {
                    master.awaitChildren();
                    return page;
                });
    }

    /** Ends the master, all stubs, and the thread. */
    @Override
    public void close() {
        call(
                () -> {
                    end();
                    return page;
                });
    }

    private void start(HostFd batchFile, List<BackingFile> backingFiles) {
        boolean done = false;
        try {
            tracer = new Tracer(host);
            master = new MasterStub(host, tracer, batchFile, backingFiles);
            page = master.page();
            initialVectorState = master.initialVectorState();
            done = true;
        } finally {
            if (!done) {
                end();
            }
        }
    }

    private void end() {
        closed = true;
        if (master != null) {
            master.close();
        }
        tracer.close();
    }

    private void serve() {
        while (!closed) {
            FutureTask<?> request = takeUninterruptibly();
            request.run();
        }
    }

    private FutureTask<?> takeUninterruptibly() {
        while (true) {
            try {
                return requests.take();
            } catch (InterruptedException e) {
                // Nobody has a reason to interrupt this thread; its work is to go on.
                continue;
            }
        }
    }

    /** Lets the thread do something, and waits for it. */
    private <T> T call(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        requests.add(task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    // The host's answer is on its way, and somebody has to own what it brings.
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError("the master's thread failed", e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
