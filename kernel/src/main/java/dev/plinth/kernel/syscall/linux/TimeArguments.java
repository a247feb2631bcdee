package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;

/** Times as programs give them and take them: {@code struct timespec} and {@code timeval}. */
final class TimeArguments {
    static final long NANOS_PER_MICRO = 1000;
    private static final long MICROS_PER_SECOND = 1_000_000;

    private TimeArguments() {}

    /**
     * Reads a {@code struct timespec}.
     *
     * @return nanoseconds, or the greatest number if there are more
     * @throws ErrnoException EFAULT; EINVAL if it is negative or has too many nanoseconds
     */
    static long readTimespec(Task task, long address) {
        long seconds = task.guestMemory().readLong(address);
        long nanos = task.guestMemory().readLong(address + Long.BYTES);
        if (seconds < 0 || nanos < 0 || nanos >= Clock.NANOS_PER_SECOND) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return nanos(seconds, nanos);
    }

    /**
     * Reads a {@code struct timeval}.
     *
     * @return nanoseconds, or the greatest number if there are more
     * @throws ErrnoException EFAULT; EINVAL if it is negative or has too many microseconds
     */
    static long readTimeval(Task task, long address) {
        long seconds = task.guestMemory().readLong(address);
        long micros = task.guestMemory().readLong(address + Long.BYTES);
        if (seconds < 0 || micros < 0 || micros >= MICROS_PER_SECOND) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return nanos(seconds, micros * NANOS_PER_MICRO);
    }

    /** Writes a {@code struct timespec}. */
    static void writeTimespec(Task task, long address, long nanos) {
        task.guestMemory().writeLong(address, nanos / Clock.NANOS_PER_SECOND);
        task.guestMemory().writeLong(address + Long.BYTES, nanos % Clock.NANOS_PER_SECOND);
    }

    /** Writes a {@code struct timeval}. */
    static void writeTimeval(Task task, long address, long nanos) {
        task.guestMemory().writeLong(address, nanos / Clock.NANOS_PER_SECOND);
        task.guestMemory()
                .writeLong(address + Long.BYTES, nanos % Clock.NANOS_PER_SECOND / NANOS_PER_MICRO);
    }

    private static long nanos(long seconds, long nanos) {
        return seconds >= Long.MAX_VALUE / Clock.NANOS_PER_SECOND
                ? Long.MAX_VALUE
                : seconds * Clock.NANOS_PER_SECOND + nanos;
    }

    /** When a time span from now on is over, on the monotonic clock. */
    static long deadlineAfter(Task task, long nanos) {
        return task.call().resumed().deadlineAfter(nanos);
    }

    /**
     * When a moment comes, on the monotonic clock.
     *
     * @param now what the clock shows on which the moment is given
     */
    static long deadlineAt(Task task, long moment, long now) {
        long left = Math.max(0, moment - now);
        long here = task.kernel().clock().monotonicNanos();
        return left > Long.MAX_VALUE - here ? Long.MAX_VALUE : here + left;
    }
}
