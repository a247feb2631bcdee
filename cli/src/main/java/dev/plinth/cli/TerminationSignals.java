package dev.plinth.cli;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.host.HostSignals;

import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * The signals by which a user ends a program: sent to this process, they are meant for the one in
 * the sandbox. Any thread may call any method.
 */
final class TerminationSignals implements AutoCloseable {
    private static final Set<Signal> SIGNALS =
            Set.of(Signal.SIGHUP, Signal.SIGINT, Signal.SIGQUIT, Signal.SIGTERM);

    private final AtomicReference<Consumer<Signal>> target;

    private final HostSignals source;

    /** Ends this process by such a signal, until there is somebody to hand it to. */
    TerminationSignals(HostKernel host) {
        this(host, TerminationSignals::end);
    }

    /** Hands such signals to a receiver from the beginning, which is called on another thread. */
    TerminationSignals(HostKernel host, Consumer<Signal> receiver) {
        target = new AtomicReference<>(receiver);
        source = HostSignals.forward(host, SIGNALS, signal -> target.get().accept(signal));
    }

    /**
     * Ends this process as a signal would have done; what a sandbox in the making has goes with the
     * process.
     */
    static void end(Signal signal) {
        Runtime.getRuntime().halt(statusOf(signal));
    }

    /** The exit status of what such a signal ended. */
    static int statusOf(Signal signal) {
        return 128 + signal.number();
    }

    /** Hands such signals to the first process of a sandbox from now on. */
    void sendTo(Sandbox sandbox) {
        sendTo(signal -> sandbox.signal(signal));
    }

    /** Hands such signals to a receiver from now on, which is called on another thread. */
    void sendTo(Consumer<Signal> receiver) {
        target.set(receiver);
    }

    @Override
    public void close() {
        source.close();
    }
}
