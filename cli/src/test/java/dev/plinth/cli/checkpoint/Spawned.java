package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.fail;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.cli.TestCommand;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A process with the descriptors that a test chose, and no others. */
final class Spawned {
    private static final long SYS_WAIT4 = 61;
    private static final long SYS_KILL = 62;
    private static final long WNOHANG = 1;
    private static final long SIGKILL = 9;
    private static final long POLL_NANOS = 5_000_000;

    private final HostKernel host;
    private final int pid;
    private final List<String> words;

    private Spawned(HostKernel host, int pid, List<String> words) {
        this.host = host;
        this.pid = pid;
        this.words = words;
    }

    /**
     * Starts a command.
     *
     * @param descriptors by number; closed here
     */
    static Spawned start(HostKernel host, TestCommand command, Map<Integer, HostFd> descriptors) {
        List<String> environment =
                System.getenv().entrySet().stream()
                        .map(variable -> variable.getKey() + "=" + variable.getValue())
                        .toList();
        try {
            int pid =
                    host.spawn(
                            new SpawnRequest(
                                    command.words().getFirst(),
                                    command.words(),
                                    environment,
                                    descriptors,
                                    true));
            return new Spawned(host, pid, command.words());
        } finally {
            descriptors.values().forEach(HostFd::close);
        }
    }

    int pid() {
        return pid;
    }

    void kill() {
        host.require("kill", SYS_KILL, pid, SIGKILL);
    }

    /**
     * Waits for its end.
     *
     * @return the status, as a shell has it
     */
    int await(long seconds) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            while (host.require("wait4", SYS_WAIT4, pid, status.address(), WNOHANG, 0) != pid) {
                if (System.nanoTime() > deadline) {
                    kill();
                    fail(words + " takes too long");
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
            int ended = status.get(ValueLayout.JAVA_INT, 0);
            int signal = ended & 0x7f;
            return signal == 0 ? (ended >> 8) & 0xff : 128 + signal;
        }
    }
}
