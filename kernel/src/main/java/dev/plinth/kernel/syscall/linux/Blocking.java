package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.function.LongSupplier;

/** Waits for files that are not ready, for calls that block. */
final class Blocking {
    private Blocking() {}

    /**
     * Does what may have to wait for a file, again and again until it need not.
     *
     * @param events of poll(2) that say that it is worth trying again
     * @param operation throws EAGAIN if it has to wait
     * @return what the operation gives
     * @throws ErrnoException EAGAIN if the file is non-blocking; whatever the operation throws
     * @throws RestartException if a signal comes first
     */
    static long until(Task task, FileDescription file, int events, LongSupplier operation) {
        while (true) {
            try {
                return operation.getAsLong();
            } catch (ErrnoException e) {
                if (e.errno() != Errno.EAGAIN || file.isNonBlocking()) {
                    throw e;
                }
            }
            await(task, file, events);
        }
    }

    /**
     * Waits until a file that was opened is open: a FIFO may wait for its other side.
     *
     * @param file closed if a signal comes first
     * @throws RestartException if a signal comes first
     */
    static void untilOpen(Task task, FileDescription file) {
        if (!file.isOpening()) {
            return;
        }
        boolean open = false;
        try (WaitSet set = task.blocker().newWaitSet()) {
            file.watch(Poll.POLLIN | Poll.POLLOUT, set);
            while (file.isOpening()) {
                if (task.blocker().await(set, Blocker.NO_DEADLINE) == Blocker.Outcome.INTERRUPTED) {
                    throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
                }
            }
            open = true;
        } finally {
            if (!open) {
                file.close();
            }
        }
    }

    private static void await(Task task, FileDescription file, int events) {
        try (WaitSet set = task.blocker().newWaitSet()) {
            file.watch(events, set);
            while (file.ready(events) == 0) {
                if (task.blocker().await(set, Blocker.NO_DEADLINE) == Blocker.Outcome.INTERRUPTED) {
                    throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
                }
            }
        }
    }
}
