package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.Optional;

/**
 * The times that utimensat(2) and its elders set: copied from the program, not yet checked.
 *
 * @param accessedSeconds since 1970
 * @param accessedNanos within the second, or {@code UTIME_NOW} or {@code UTIME_OMIT}
 * @param modifiedSeconds since 1970
 * @param modifiedNanos within the second, or {@code UTIME_NOW} or {@code UTIME_OMIT}
 */
record FileTimes(
        long accessedSeconds, long accessedNanos, long modifiedSeconds, long modifiedNanos) {
    /** linux/stat.h. */
    static final long UTIME_NOW = (1L << 30) - 1;

    static final long UTIME_OMIT = (1L << 30) - 2;

    private static final long NANOS_PER_MICRO = 1000;
    private static final long MICROS_PER_SECOND = 1_000_000;

    /** Two {@code struct timespec}. */
    static FileTimes ofTimespecs(Task task, long address) {
        MemorySegment times = copyIn(task, address, 4);
        return new FileTimes(at(times, 0), at(times, 1), at(times, 2), at(times, 3));
    }

    /**
     * Two {@code struct timeval}.
     *
     * @throws ErrnoException EFAULT; EINVAL for microseconds that are none
     */
    static FileTimes ofTimevals(Task task, long address) {
        MemorySegment times = copyIn(task, address, 4);
        return new FileTimes(at(times, 0), nanos(at(times, 1)), at(times, 2), nanos(at(times, 3)));
    }

    /** A {@code struct utimbuf}: seconds only. */
    static FileTimes ofUtimbuf(Task task, long address) {
        MemorySegment times = copyIn(task, address, 2);
        return new FileTimes(at(times, 0), 0, at(times, 1), 0);
    }

    private static MemorySegment copyIn(Task task, long address, int longs) {
        return MemorySegment.ofArray(task.guestMemory().copyIn(address, longs * Long.BYTES));
    }

    private static long at(MemorySegment longs, int index) {
        return longs.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) index * Long.BYTES);
    }

    private static long nanos(long micros) {
        if (micros < 0 || micros >= MICROS_PER_SECOND) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return micros * NANOS_PER_MICRO;
    }

    /** Whether neither time is to be set, so that the file is not even looked up. */
    boolean isOmitted() {
        return accessedNanos == UTIME_OMIT && modifiedNanos == UTIME_OMIT;
    }

    /** Whether both times are to be set to now, for which write permission is enough. */
    boolean isNow() {
        return accessedNanos == UTIME_NOW && modifiedNanos == UTIME_NOW;
    }

    /**
     * Refuses nanoseconds that are none.
     *
     * @throws ErrnoException EINVAL
     */
    void requireValid() {
        if (!isValid(accessedNanos) || !isValid(modifiedNanos)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static boolean isValid(long nanos) {
        return nanos == UTIME_NOW
                || nanos == UTIME_OMIT
                || (nanos >= 0 && nanos < Clock.NANOS_PER_SECOND);
    }

    /** The new access time; empty to leave it. */
    Optional<Instant> accessed(Clock clock) {
        return time(accessedSeconds, accessedNanos, clock);
    }

    /** The new modification time; empty to leave it. */
    Optional<Instant> modified(Clock clock) {
        return time(modifiedSeconds, modifiedNanos, clock);
    }

    private static Optional<Instant> time(long seconds, long nanos, Clock clock) {
        if (nanos == UTIME_OMIT) {
            return Optional.empty();
        }
        if (nanos == UTIME_NOW) {
            return Optional.of(clock.realtime());
        }
        // What no file system can keep is cut, as timestamp_truncate() of fs/inode.c does.
        long kept = Math.clamp(seconds, Instant.MIN.getEpochSecond(), Instant.MAX.getEpochSecond());
        return Optional.of(Instant.ofEpochSecond(kept, nanos));
    }
}
