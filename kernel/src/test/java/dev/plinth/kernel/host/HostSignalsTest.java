package dev.plinth.kernel.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

@Timeout(20)
final class HostSignalsTest {
    private static final long SYS_GETPID = 39;
    private static final long SYS_KILL = 62;

    private final HostKernel host = new JnaHostKernel();
    private final BlockingQueue<Signal> received = new LinkedBlockingQueue<>();

    /** SIGQUIT is the one that the JVM would otherwise answer itself. */
    @Test
    void signalsReachTheReceiverInTheirOrder() throws InterruptedException {
        HostSignals.forward(host, Set.of(Signal.SIGQUIT, Signal.SIGHUP), received::add);
        for (int i = 0; i < 10; i++) {
            send(Signal.SIGQUIT);
            assertEquals(Signal.SIGQUIT, received.poll(10, TimeUnit.SECONDS));
            send(Signal.SIGHUP);
            assertEquals(Signal.SIGHUP, received.poll(10, TimeUnit.SECONDS));
        }
        assertNull(received.poll());
    }

    private void send(Signal signal) {
        host.require("kill", SYS_KILL, host.syscall(SYS_GETPID), signal.number());
    }
}
