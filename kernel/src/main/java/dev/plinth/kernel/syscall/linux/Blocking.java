package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Waits for files that are not ready, for calls that block. */
final class Blocking {
    /** A deadline for those who do not wait at all. */
    static final long AT_ONCE = Long.MIN_VALUE;

    private Blocking() {}

    /** Until when calls wait for a file that they read: {@link #AT_ONCE}, a moment, for ever. */
    static long readingPatience(Task task, FileDescription file) {
        return patience(task, file, file.readTimeout());
    }

    /** Until when calls wait for a file that they write: {@link #AT_ONCE}, a moment, for ever. */
    static long writingPatience(Task task, FileDescription file) {
        return patience(task, file, file.writeTimeout());
    }

    private static long patience(Task task, FileDescription file, long timeout) {
        if (file.isNonBlocking()) {
            return AT_ONCE;
        }
        return timeout == Blocker.NO_DEADLINE
                ? timeout
                : task.call().resumed().deadlineAfter(timeout);
    }

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
        return until(task, file, events, patience(task, file, Blocker.NO_DEADLINE), operation);
    }

    /**
     * Does what may have to wait for a file, again and again until it need not or a moment has
     * come.
     *
     * @param deadline on the monotonic clock; {@link #AT_ONCE}, or {@link Blocker#NO_DEADLINE}
     * @throws ErrnoException EAGAIN if the moment has come; EINTR if a signal comes first and there
     *     is a moment; whatever the operation throws
     * @throws RestartException if a signal comes first
     */
    static long until(
            Task task, FileDescription file, int events, long deadline, LongSupplier operation) {
        Supplier<Long> boxed = operation::getAsLong;
        return until(
                task,
                set -> file.watch(events, set),
                () -> file.ready(events) != 0,
                deadline,
                boxed);
    }

    /**
     * The same for results that are no numbers, and for what is not a matter of one file.
     *
     * @param watch adds to a set what says that it is worth trying again
     * @param ready whether it may be worth trying, for less than it costs to try
     */
    static <T> T until(
            Task task,
            Consumer<WaitSet> watch,
            BooleanSupplier ready,
            long deadline,
            Supplier<T> operation) {
        try {
            return operation.get();
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EAGAIN || deadline == AT_ONCE) {
                throw e;
            }
        }
        try (WaitSet set = task.blocker().newWaitSet()) {
            watch.accept(set);
            while (true) {
                if (ready.getAsBoolean()) {
                    try {
                        return operation.get();
                    } catch (ErrnoException e) {
                        // What is ready may still have no room for this: it has to change first.
                        if (e.errno() != Errno.EAGAIN) {
                            throw e;
                        }
                    }
                }
                await(task, set, deadline);
            }
        }
    }

    /**
     * Whether the stop of the world alone ended a wait: what was done before is then no result, but
     * what the call begins behind when it is made again.
     *
     * @param e what the wait threw
     */
    static boolean isByStop(Task task, RuntimeException e) {
        boolean interrupted =
                e instanceof RestartException
                        || (e instanceof ErrnoException error && error.errno() == Errno.EINTR);
        return interrupted && task.sleep().isDisturbedByStop();
    }

    private static void await(Task task, WaitSet set, long deadline) {
        switch (task.blocker().await(set, deadline)) {
            case READY -> {}
            case TIMED_OUT -> throw ErrnoException.of(Errno.EAGAIN);
            case INTERRUPTED -> {
                // The time that is left would be lost: sock_intr_errno of net/sock.h.
                if (deadline != Blocker.NO_DEADLINE) {
                    throw ErrnoException.of(Errno.EINTR);
                }
                throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
            }
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
                await(task, set, Blocker.NO_DEADLINE);
            }
            open = true;
        } finally {
            if (!open) {
                file.close();
            }
        }
    }
}
