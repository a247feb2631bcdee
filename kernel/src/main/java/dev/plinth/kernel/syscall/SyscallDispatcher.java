package dev.plinth.kernel.syscall;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.Restart;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.task.SyscallGate;
import dev.plinth.kernel.task.Task;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Takes a task's system call to its handler and brings the result back. One for each sandbox. */
@NotSaved("what was logged already")
public final class SyscallDispatcher implements SyscallGate {
    private static final Logger log = LoggerFactory.getLogger(SyscallDispatcher.class);

    private static final long EINTR = -Errno.EINTR.number();
    private static final long NO_HANDLER = -Restart.ERESTARTNOHAND;

    private final SyscallTable table;
    private final Optional<SyscallTracer> tracer;
    private final Set<Integer> unknownReported = ConcurrentHashMap.newKeySet();

    /**
     * A way into a table.
     *
     * @param tracer is told of every call; empty for none
     */
    public SyscallDispatcher(SyscallTable table, Optional<SyscallTracer> tracer) {
        this.table = requireNonNull(table, "table is null");
        this.tracer = requireNonNull(tracer, "tracer is null");
    }

    @Override
    public void enter(Task task) {
        // As do_syscall_64 does: the number is the lower half of the register.
        int number = (int) task.registers().origRax();
        SyscallArguments arguments = new SyscallArguments(task.registers());
        long result =
                tracer.isEmpty()
                        ? call(task, number, arguments)
                        : tracer.get()
                                .trace(
                                        task,
                                        number,
                                        arguments,
                                        () -> call(task, number, arguments));
        boolean again = isBrokenOff(result) && task.sleep().isDisturbedByStop();
        task.endCall(again);
        // A call that a signal ends for good is made again if there was no signal, unless one
        // with a handler comes before.
        task.registers().setRax(again && result == EINTR ? NO_HANDLER : result);
    }

    private static boolean isBrokenOff(long result) {
        return result == EINTR || Restart.isRestart(result);
    }

    private long call(Task task, int number, SyscallArguments arguments) {
        SyscallRow row = table.rowOrNull(number);
        if (row == null) {
            reportUnknown(number);
            return -Errno.ENOSYS.number();
        }
        table.markCalled(number);
        try {
            return row.handler().invoke(task, arguments);
        } catch (ErrnoException e) {
            return -e.errno().number();
        } catch (RestartException e) {
            return Restart.resultOf(e);
        } catch (OutOfMemoryError e) {
            // The kernel's own objects have no room: programs hold too many files or mappings.
            log.info("no memory in Java for {} of {}", table.name(number), task);
            return -Errno.ENOMEM.number();
        }
    }

    private void reportUnknown(int number) {
        if (unknownReported.add(number)) {
            log.info("{} (system call {}) is not implemented", table.name(number), number);
        }
    }
}
