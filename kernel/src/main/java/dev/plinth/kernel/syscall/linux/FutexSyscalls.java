package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;

import java.util.List;

/** Futexes of a process with one thread: a wait that nobody can end but time or a signal. */
final class FutexSyscalls implements SyscallFamily {
    private static final int FUTEX_WAIT = 0;
    private static final int FUTEX_WAKE = 1;
    private static final int FUTEX_WAIT_BITSET = 9;
    private static final int FUTEX_WAKE_BITSET = 10;
    private static final int FUTEX_PRIVATE_FLAG = 128;
    private static final int FUTEX_CLOCK_REALTIME = 256;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "futex",
                        "wait and wake, of one thread: there is nobody to wake",
                        FutexSyscalls::futex,
                        POINTER,
                        INT,
                        INT,
                        POINTER,
                        POINTER,
                        INT));
    }

    private static long futex(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(0);
        int operation = arguments.intAt(1);
        int command = operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
        boolean waits = command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET;
        boolean wakes = command == FUTEX_WAKE || command == FUTEX_WAKE_BITSET;
        boolean hasBitset = command == FUTEX_WAIT_BITSET || command == FUTEX_WAKE_BITSET;
        if (!waits && !wakes) {
            throw ErrnoException.of(Errno.ENOSYS);
        }
        if (address % Integer.BYTES != 0 || (hasBitset && arguments.intAt(5) == 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (wakes) {
            return 0;
        }
        boolean realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
        long left = timeLeft(task, arguments.longAt(3), command == FUTEX_WAIT_BITSET, realtime);
        if (task.guestMemory().readIntAtomically(address) != arguments.intAt(2)) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        if (task.sleep(left)) {
            throw ErrnoException.of(Errno.ETIMEDOUT);
        }
        throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
    }

    /**
     * How long to wait.
     *
     * @param timeout address of a {@code struct timespec}; zero to wait for ever
     * @param absolute whether it is a moment rather than a time span
     */
    private static long timeLeft(Task task, long timeout, boolean absolute, boolean realtime) {
        if (timeout == 0) {
            return Long.MAX_VALUE;
        }
        long seconds = task.guestMemory().readLong(timeout);
        long nanos = task.guestMemory().readLong(timeout + Long.BYTES);
        if (seconds < 0 || nanos < 0 || nanos >= Clock.NANOS_PER_SECOND) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (seconds >= Long.MAX_VALUE / Clock.NANOS_PER_SECOND) {
            return Long.MAX_VALUE;
        }
        long time = seconds * Clock.NANOS_PER_SECOND + nanos;
        if (!absolute) {
            return time;
        }
        Clock clock = task.kernel().clock();
        return Math.max(0, time - (realtime ? clock.realtimeNanos() : clock.monotonicNanos()));
    }
}
