package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;
import static dev.plinth.kernel.syscall.linux.TimeArguments.NANOS_PER_MICRO;
import static dev.plinth.kernel.syscall.linux.TimeArguments.deadlineAfter;
import static dev.plinth.kernel.syscall.linux.TimeArguments.deadlineAt;
import static dev.plinth.kernel.syscall.linux.TimeArguments.readTimespec;
import static dev.plinth.kernel.syscall.linux.TimeArguments.writeTimespec;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.state.proto.RestartState;
import dev.plinth.kernel.state.proto.SleepRestartState;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.StructFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.RestartBlock;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;

import java.util.List;

/** What time it is, and sleeping. */
final class TimeSyscalls implements SyscallFamily {
    private static final int TIMER_ABSTIME = 1;

    static final ArgumentFormat CLOCK =
            NameFormat.ofList(
                            "CLOCK_REALTIME",
                            "CLOCK_MONOTONIC",
                            "CLOCK_PROCESS_CPUTIME_ID",
                            "CLOCK_THREAD_CPUTIME_ID",
                            "CLOCK_MONOTONIC_RAW",
                            "CLOCK_REALTIME_COARSE",
                            "CLOCK_MONOTONIC_COARSE",
                            "CLOCK_BOOTTIME",
                            "CLOCK_REALTIME_ALARM",
                            "CLOCK_BOOTTIME_ALARM")
                    .with(Clocks.CLOCK_TAI, "CLOCK_TAI")
                    .family("CLOCK_???");

    private static final ArgumentFormat SLEEP_FLAGS =
            new FlagFormat("0").with(TIMER_ABSTIME, "TIMER_ABSTIME");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "clock_gettime",
                        TimeSyscalls::clockGettime,
                        CLOCK,
                        StructFormats.TIMESPEC_OUT),
                supported(
                        "clock_getres",
                        TimeSyscalls::clockGetres,
                        CLOCK,
                        StructFormats.TIMESPEC_OUT),
                supported(
                        "gettimeofday",
                        TimeSyscalls::gettimeofday,
                        StructFormats.TIMEVAL_OUT,
                        POINTER),
                supported("time", TimeSyscalls::time, StructFormats.LONG_OUT),
                supported("nanosleep", TimeSyscalls::nanosleep, StructFormats.TIMESPEC_IN, POINTER),
                partial(
                        "clock_nanosleep",
                        "by clocks of CPU time: EOPNOTSUPP",
                        TimeSyscalls::clockNanosleep,
                        CLOCK,
                        SLEEP_FLAGS,
                        StructFormats.TIMESPEC_IN,
                        StructFormats.REMAINDER_OUT));
    }

    private static long clockGettime(Task task, SyscallArguments arguments) {
        noteCall(task);
        writeTimespec(task, arguments.longAt(1), now(task, arguments.intAt(0)));
        return 0;
    }

    /** Programs that often ask for the time are told it by the vDSO before long. */
    private static void noteCall(Task task) {
        task.kernel().vdso().ifPresent(Vdso::noteCall);
    }

    private static long now(Task task, int clock) {
        return Clocks.of(task, clock).now();
    }

    private static long clockGetres(Task task, SyscallArguments arguments) {
        int clock = arguments.intAt(0);
        long address = arguments.longAt(1);
        now(task, clock);
        boolean coarse =
                clock == Clocks.CLOCK_REALTIME_COARSE || clock == Clocks.CLOCK_MONOTONIC_COARSE;
        if (address != 0) {
            writeTimespec(task, address, coarse ? Clocks.COARSE_NANOS : 1);
        }
        return 0;
    }

    private static long gettimeofday(Task task, SyscallArguments arguments) {
        noteCall(task);
        long time = arguments.longAt(0);
        long zone = arguments.longAt(1);
        if (time != 0) {
            long now = task.kernel().clock().realtimeNanos();
            task.guestMemory().writeLong(time, now / Clock.NANOS_PER_SECOND);
            task.guestMemory()
                    .writeLong(time + Long.BYTES, now % Clock.NANOS_PER_SECOND / NANOS_PER_MICRO);
        }
        if (zone != 0) {
            task.guestMemory().writeLong(zone, 0);
        }
        return 0;
    }

    private static long time(Task task, SyscallArguments arguments) {
        noteCall(task);
        long seconds = task.kernel().clock().realtimeNanos() / Clock.NANOS_PER_SECOND;
        if (arguments.longAt(0) != 0) {
            task.guestMemory().writeLong(arguments.longAt(0), seconds);
        }
        return seconds;
    }

    private static long nanosleep(Task task, SyscallArguments arguments) {
        long duration = readTimespec(task, arguments.longAt(0));
        return sleep(task, deadlineAfter(task, duration), arguments.longAt(1));
    }

    private static long clockNanosleep(Task task, SyscallArguments arguments) {
        int clock = arguments.intAt(0);
        int flags = arguments.intAt(1);
        Clocks.of(task, clock);
        switch (clock) {
            case Clocks.CLOCK_REALTIME,
                    Clocks.CLOCK_MONOTONIC,
                    Clocks.CLOCK_BOOTTIME,
                    Clocks.CLOCK_TAI -> {}
            default -> throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        long requested = readTimespec(task, arguments.longAt(2));
        if ((flags & TIMER_ABSTIME) == 0) {
            return sleep(task, deadlineAfter(task, requested), arguments.longAt(3));
        }
        if (!task.sleep().until(deadlineAt(task, requested, now(task, clock)))) {
            throw RestartException.of(RestartException.Kind.UNLESS_HANDLED);
        }
        return 0;
    }

    /**
     * Sleeps until a moment; {@code do_nanosleep} of kernel/time/hrtimer.c.
     *
     * @param deadline on the monotonic clock
     * @param remainder address that takes what is left if a signal comes; zero for none
     */
    private static long sleep(Task task, long deadline, long remainder) {
        if (task.sleep().until(deadline)) {
            return 0;
        }
        long left = deadline - task.kernel().clock().monotonicNanos();
        if (left <= 0) {
            return 0;
        }
        if (remainder != 0) {
            writeTimespec(task, remainder, left);
        }
        throw task.call().restartWith(new SleepRestart(deadline, remainder));
    }

    /**
     * A sleep goes on; {@code hrtimer_nanosleep_restart}.
     *
     * @param deadline on the monotonic clock
     * @param remainder as in the call
     */
    record SleepRestart(long deadline, long remainder) implements RestartBlock {
        @Override
        public long restart(Task task) {
            return sleep(task, deadline, remainder);
        }

        @Override
        public RestartState save() {
            return RestartState.newBuilder()
                    .setSleep(
                            SleepRestartState.newBuilder()
                                    .setDeadlineNanos(deadline)
                                    .setRemainder(remainder))
                    .build();
        }
    }
}
