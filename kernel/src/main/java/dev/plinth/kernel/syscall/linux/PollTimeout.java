package dev.plinth.kernel.syscall.linux;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Blocker;

/**
 * How long poll(2) and its kin wait, and where they tell the program what was left of it.
 *
 * <p>Mirrors {@code poll_select_set_timeout} and {@code poll_select_finish} of fs/select.c.
 */
final class PollTimeout {
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final long NANOS_PER_MICRO = 1000;
    private static final long MICROS_PER_SECOND = 1_000_000;

    /** What the program's structure holds beside the seconds, in nanoseconds. */
    private enum Unit {
        /** {@code struct timespec}. */
        NANOSECONDS(1),
        /** {@code struct timeval}. */
        MICROSECONDS(NANOS_PER_MICRO);

        private final long nanos;

        Unit(long nanos) {
            this.nanos = nanos;
        }
    }

    /** So many fit into nanoseconds. */
    private static final long LONGEST_SECONDS = Long.MAX_VALUE / Clock.NANOS_PER_SECOND;

    private final Task task;

    /** Where the program keeps the structure; zero if it did not give one. */
    private final long address;

    private final Unit unit;
    private final boolean endless;
    private final long seconds;
    private final long nanos;
    private final long start;

    private PollTimeout(
            Task task, long address, Unit unit, boolean endless, long seconds, long nanos) {
        this.task = requireNonNull(task, "task is null");
        this.address = address;
        this.unit = requireNonNull(unit, "unit is null");
        this.endless = endless;
        this.seconds = seconds;
        this.nanos = nanos;
        if (seconds < 0 || nanos < 0 || nanos >= Clock.NANOS_PER_SECOND) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        this.start = start();
    }

    /** When the time began: in a call that is made again, that is before now. */
    private long start() {
        if (endless || isZero() || seconds >= LONGEST_SECONDS) {
            return task.kernel().clock().monotonicNanos();
        }
        long span = seconds * Clock.NANOS_PER_SECOND + nanos;
        long deadline = task.call().resumed().deadlineAfter(span);
        return deadline == Blocker.NO_DEADLINE
                ? task.kernel().clock().monotonicNanos()
                : deadline - span;
    }

    private static PollTimeout endless(Task task) {
        return new PollTimeout(task, 0, Unit.NANOSECONDS, true, 0, 0);
    }

    /** A number of milliseconds, of which a negative one stands for no end. */
    static PollTimeout ofMillis(Task task, int millis) {
        if (millis < 0) {
            return endless(task);
        }
        return new PollTimeout(
                task, 0, Unit.NANOSECONDS, false, millis / 1000, millis % 1000 * NANOS_PER_MILLI);
    }

    /**
     * A {@code struct timespec}.
     *
     * @param address zero stands for no end
     * @throws ErrnoException EFAULT; EINVAL if it is negative or has too many nanoseconds
     */
    static PollTimeout ofTimespec(Task task, long address) {
        if (address == 0) {
            return endless(task);
        }
        long seconds = task.guestMemory().readLong(address);
        long nanos = task.guestMemory().readLong(address + Long.BYTES);
        return new PollTimeout(task, address, Unit.NANOSECONDS, false, seconds, nanos);
    }

    /**
     * A {@code struct timeval}, which may have more than a second's worth of microseconds.
     *
     * @param address zero stands for no end
     * @throws ErrnoException EFAULT; EINVAL if it is negative
     */
    static PollTimeout ofTimeval(Task task, long address) {
        if (address == 0) {
            return endless(task);
        }
        long seconds = task.guestMemory().readLong(address);
        long micros = task.guestMemory().readLong(address + Long.BYTES);
        return new PollTimeout(
                task,
                address,
                Unit.MICROSECONDS,
                false,
                seconds + micros / MICROS_PER_SECOND,
                micros % MICROS_PER_SECOND * NANOS_PER_MICRO);
    }

    private boolean isZero() {
        return !endless && seconds == 0 && nanos == 0;
    }

    /**
     * When waiting ends, on the monotonic clock; {@link Blocking#AT_ONCE}, or {@link
     * Blocker#NO_DEADLINE}.
     */
    long deadline() {
        if (isZero()) {
            return Blocking.AT_ONCE;
        }
        if (endless || seconds >= (Long.MAX_VALUE - start) / Clock.NANOS_PER_SECOND) {
            return Blocker.NO_DEADLINE;
        }
        return start + seconds * Clock.NANOS_PER_SECOND + nanos;
    }

    /** Whether the time is over. */
    boolean hasPassed() {
        long deadline = deadline();
        return deadline != Blocker.NO_DEADLINE
                && task.kernel().clock().monotonicNanos() >= deadline;
    }

    /**
     * Tells the program how much time is left, where it gave a time that is not zero.
     *
     * @return false if its memory cannot be written; the call has its result all the same, but
     *     cannot be restarted, for it would wait too long
     */
    boolean writeRemainder() {
        if (address == 0 || isZero()) {
            return true;
        }
        long passed = task.kernel().clock().monotonicNanos() - start;
        long secondsLeft = seconds - passed / Clock.NANOS_PER_SECOND;
        long nanosLeft = nanos - passed % Clock.NANOS_PER_SECOND;
        if (nanosLeft < 0) {
            nanosLeft += Clock.NANOS_PER_SECOND;
            secondsLeft--;
        }
        if (secondsLeft < 0) {
            secondsLeft = 0;
            nanosLeft = 0;
        }
        try {
            task.guestMemory().writeLong(address, secondsLeft);
            task.guestMemory().writeLong(address + Long.BYTES, nanosLeft / unit.nanos);
            if (deadline() != Blocker.NO_DEADLINE) {
                long told = nanosLeft / unit.nanos * unit.nanos;
                task.call().resumed().leave(secondsLeft * Clock.NANOS_PER_SECOND + told);
            }
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }
}
