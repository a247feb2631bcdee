package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;
import static dev.plinth.kernel.syscall.linux.TimeArguments.readTimespec;
import static dev.plinth.kernel.syscall.linux.TimeArguments.readTimeval;
import static dev.plinth.kernel.syscall.linux.TimeArguments.writeTimespec;
import static dev.plinth.kernel.syscall.linux.TimeArguments.writeTimeval;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.StructFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.PosixTimer;
import dev.plinth.kernel.task.ProcessTimers;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.timer.IntervalTimer;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/** Timers that send signals; kernel/time/{itimer,posix-timers}.c. */
final class TimerSyscalls implements SyscallFamily {
    private static final int TIMER_ABSTIME = 1;
    private static final int SIGEV_SIGNAL = 0;
    private static final int SIGEV_NONE = 1;
    private static final int SIGEV_THREAD = 2;
    private static final int SIGEV_THREAD_ID = 4;

    /** {@code struct sigevent}: value, signal, kind, thread. */
    private static final int SIGEVENT_BYTES = 64;

    private static final int SIGEVENT_SIGNAL = 8;
    private static final int SIGEVENT_NOTIFY = 12;
    private static final int SIGEVENT_THREAD = 16;

    private static final int TIMESPEC_BYTES = 16;

    private static final ArgumentFormat WHICH =
            NameFormat.ofList("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF").family("ITIMER_???");

    private static final ArgumentFormat FLAGS =
            new FlagFormat("0").with(TIMER_ABSTIME, "TIMER_ABSTIME");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("alarm", TimerSyscalls::alarm, UNSIGNED),
                supported("getitimer", TimerSyscalls::getitimer, WHICH, POINTER),
                supported("setitimer", TimerSyscalls::setitimer, WHICH, POINTER, POINTER),
                partial(
                        "timer_create",
                        "not by the clocks of other processes",
                        TimerSyscalls::timerCreate,
                        TimeSyscalls.CLOCK,
                        POINTER,
                        StructFormats.INT_OUT),
                supported(
                        "timer_settime", TimerSyscalls::timerSettime, INT, FLAGS, POINTER, POINTER),
                supported("timer_gettime", TimerSyscalls::timerGettime, INT, POINTER),
                supported("timer_getoverrun", TimerSyscalls::timerGetoverrun, INT),
                supported("timer_delete", TimerSyscalls::timerDelete, INT));
    }

    private static long alarm(Task task, SyscallArguments arguments) {
        long seconds = Integer.toUnsignedLong(arguments.intAt(0));
        IntervalTimer timer = task.group().timers().of(ProcessTimers.Which.REAL, task.kernel());
        long left = timer.set(seconds * Clock.NANOS_PER_SECOND, 0, false).left();
        // To the nearest second, but never to none while there is some time left.
        long rounded = (left + Clock.NANOS_PER_SECOND / 2) / Clock.NANOS_PER_SECOND;
        return left > 0 ? Math.max(1, rounded) : 0;
    }

    private static IntervalTimer itimer(Task task, int which) {
        ProcessTimers.Which[] all = ProcessTimers.Which.values();
        if (which < 0 || which >= all.length) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return task.group().timers().of(all[which], task.kernel());
    }

    private static long getitimer(Task task, SyscallArguments arguments) {
        writeItimerval(task, arguments.longAt(1), itimer(task, arguments.intAt(0)).setting());
        return 0;
    }

    private static long setitimer(Task task, SyscallArguments arguments) {
        long newAddress = arguments.longAt(1);
        long oldAddress = arguments.longAt(2);
        long interval = 0;
        long value = 0;
        if (newAddress != 0) {
            interval = readTimeval(task, newAddress);
            value = readTimeval(task, newAddress + TIMESPEC_BYTES);
        }
        IntervalTimer.Setting old = itimer(task, arguments.intAt(0)).set(value, interval, false);
        if (oldAddress != 0) {
            writeItimerval(task, oldAddress, old);
        }
        return 0;
    }

    /** Interval, then value; what is left of a microsecond counts as one. */
    private static void writeItimerval(Task task, long address, IntervalTimer.Setting setting) {
        writeTimeval(task, address, setting.interval());
        long left = setting.left();
        writeTimeval(
                task,
                address + TIMESPEC_BYTES,
                left == 0 ? 0 : Math.max(left, TimeArguments.NANOS_PER_MICRO));
    }

    /** Implements timer_create(2). */
    private static long timerCreate(Task task, SyscallArguments arguments) {
        int clock = arguments.intAt(0);
        Optional<MemorySegment> event =
                arguments.longAt(1) == 0
                        ? Optional.empty()
                        : Optional.of(
                                MemorySegment.ofArray(
                                        task.guestMemory()
                                                .copyIn(arguments.longAt(1), SIGEVENT_BYTES)));
        requireTimerClock(task, clock);
        // Without an event a timer sends SIGALRM with its number.
        IntFunction<PosixTimer.Event> eventOf =
                id -> new PosixTimer.Event(Optional.of(Signal.SIGALRM), Optional.empty(), id);
        if (event.isPresent()) {
            PosixTimer.Event given = event(task, event.get());
            eventOf = _ -> given;
        }
        ProcessTimers timers = task.group().timers();
        PosixTimer timer = timers.create(task.kernel().timers(), Clocks.of(task, clock), eventOf);
        try {
            task.guestMemory().writeInt(arguments.longAt(2), timer.id());
        } catch (ErrnoException e) {
            timers.delete(timer.id());
            throw e;
        }
        return 0;
    }

    private static void requireTimerClock(Task task, int clock) {
        Clocks.of(task, clock);
        switch (clock) {
            case Clocks.CLOCK_MONOTONIC_RAW,
                    Clocks.CLOCK_REALTIME_COARSE,
                    Clocks.CLOCK_MONOTONIC_COARSE ->
                    throw ErrnoException.of(Errno.EOPNOTSUPP);
            default -> {}
        }
    }

    /** {@code good_sigevent}. */
    private static PosixTimer.Event event(Task task, MemorySegment event) {
        long value = event.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        int number = event.get(ValueLayout.JAVA_INT_UNALIGNED, SIGEVENT_SIGNAL);
        int notify = event.get(ValueLayout.JAVA_INT_UNALIGNED, SIGEVENT_NOTIFY);
        Optional<Task> target = Optional.empty();
        switch (notify) {
            case SIGEV_NONE -> {
                return new PosixTimer.Event(Optional.empty(), Optional.empty(), value);
            }
            case SIGEV_SIGNAL, SIGEV_THREAD -> {}
            case SIGEV_THREAD_ID -> {
                int tid = event.get(ValueLayout.JAVA_INT_UNALIGNED, SIGEVENT_THREAD);
                target =
                        task.kernel()
                                .processes()
                                .task(tid)
                                .filter(other -> other.group() == task.group());
                if (target.isEmpty()) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
            }
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        if (!Signal.isValid(number)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return new PosixTimer.Event(Optional.of(Signal.of(number)), target, value);
    }

    private static long timerSettime(Task task, SyscallArguments arguments) {
        long newAddress = arguments.longAt(2);
        long oldAddress = arguments.longAt(3);
        if (newAddress == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long interval = readTimespec(task, newAddress);
        long value = readTimespec(task, newAddress + TIMESPEC_BYTES);
        boolean absolute = (arguments.intAt(1) & TIMER_ABSTIME) != 0;
        PosixTimer timer = task.group().timers().get(arguments.intAt(0));
        IntervalTimer.Setting old = timer.set(value, interval, absolute);
        if (oldAddress != 0) {
            writeItimerspec(task, oldAddress, old);
        }
        return 0;
    }

    private static long timerGettime(Task task, SyscallArguments arguments) {
        PosixTimer timer = task.group().timers().get(arguments.intAt(0));
        writeItimerspec(task, arguments.longAt(1), timer.setting());
        return 0;
    }

    private static void writeItimerspec(Task task, long address, IntervalTimer.Setting setting) {
        writeTimespec(task, address, setting.interval());
        writeTimespec(task, address + TIMESPEC_BYTES, setting.left());
    }

    private static long timerGetoverrun(Task task, SyscallArguments arguments) {
        return task.group().timers().get(arguments.intAt(0)).overrun();
    }

    private static long timerDelete(Task task, SyscallArguments arguments) {
        task.group().timers().delete(arguments.intAt(0));
        return 0;
    }
}
