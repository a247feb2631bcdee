package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static java.util.stream.Collectors.toSet;

import dev.plinth.api.host.HostKernel;

import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes a test fail that leaves a process behind.
 *
 * <p>The JVM of the tests becomes the reaper of what it starts meanwhile: whoever loses their
 * parent becomes a child of it, and is seen. Nothing of other users of the machine is.
 */
public final class Leftovers implements BeforeEachCallback, AfterEachCallback {
    private static final long SYS_WAIT4 = 61;
    private static final long SYS_PRCTL = 157;
    private static final long PR_SET_CHILD_SUBREAPER = 36;
    private static final long WNOHANG = 1;
    private static final long WALL = 0x40000000;
    private static final long PATIENCE_NANOS = 5_000_000_000L;

    private final HostKernel host = ServiceLoader.load(HostKernel.class).findFirst().orElseThrow();
    private Set<Long> before = Set.of();

    @Override
    public void beforeEach(ExtensionContext context) {
        adoptOrphans(1);
        before = children();
    }

    @Override
    public void afterEach(ExtensionContext context) {
        try {
            assertEquals(Set.of(), afterAWhile());
        } finally {
            // Other tests' programs leave orphans on purpose, which nobody here would bury.
            adoptOrphans(0);
        }
    }

    private void adoptOrphans(long whether) {
        host.require("prctl(PR_SET_CHILD_SUBREAPER)", SYS_PRCTL, PR_SET_CHILD_SUBREAPER, whether);
    }

    /** What is left when the dead are buried and the dying have died. */
    private Set<Long> afterAWhile() {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            Set<Long> left = children();
            left.removeAll(before);
            left.removeIf(child -> host.syscall(SYS_WAIT4, child, 0, WNOHANG | WALL, 0) == child);
            if (left.isEmpty() || System.nanoTime() > deadline) {
                return left;
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    private static Set<Long> children() {
        return ProcessHandle.current().children().map(ProcessHandle::pid).collect(toSet());
    }
}
