package dev.plinth.cli;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.host.HostSignals;

import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The signals by which a user ends a program: sent to this process, they are meant for the one in
 * the sandbox. Any thread may call any method.
 */
final class TerminationSignals {
    private static final Set<Signal> SIGNALS =
            Set.of(Signal.SIGHUP, Signal.SIGINT, Signal.SIGQUIT, Signal.SIGTERM);

    private final AtomicReference<Sandbox> target = new AtomicReference<>();

    private TerminationSignals() {}

    /** Ends this process by such a signal, until there is a sandbox to hand it to. */
    static TerminationSignals receive(HostKernel host) {
        TerminationSignals signals = new TerminationSignals();
        HostSignals.forward(host, SIGNALS, signals::handOver);
        return signals;
    }

    /** Hands such signals to the first process of a sandbox from now on. */
    void sendTo(Sandbox sandbox) {
        target.set(sandbox);
    }

    private void handOver(Signal signal) {
        Sandbox sandbox = target.get();
        if (sandbox == null) {
            // As the signal would have done; what a sandbox in the making has goes with the
            // process.
            Runtime.getRuntime().halt(128 + signal.number());
        } else {
            sandbox.signal(signal);
        }
    }
}
