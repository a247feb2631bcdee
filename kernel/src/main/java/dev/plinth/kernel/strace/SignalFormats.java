package dev.plinth.kernel.strace;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.AlternateStack;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.syscall.ArgumentFormat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How signals, sets of them and actions are shown. */
public final class SignalFormats {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final String PREFIX = "SIG";

    /** As much of {@code siginfo_t} as is shown. */
    private static final int INFO_BYTES = 32;

    private static final NameFormat CODE =
            new NameFormat()
                    .with(SignalInfo.SI_USER, "SI_USER")
                    .with(SignalInfo.SI_QUEUE, "SI_QUEUE")
                    .with(SignalInfo.SI_TIMER, "SI_TIMER")
                    .with(SignalInfo.SI_TKILL, "SI_TKILL")
                    .with(SignalInfo.SI_KERNEL, "SI_KERNEL");

    /** From so many signals on, a set is shown by what is not in it, as strace(1) does. */
    private static final int MANY = Signal.COUNT * 2 / 3;

    /** A signal, by name. */
    public static final ArgumentFormat SIGNAL =
            (out, task, arguments, index, result) -> appendSignal(out, arguments.intAt(index));

    /** What rt_sigprocmask(2) does with its set. */
    public static final ArgumentFormat HOW =
            NameFormat.ofList("SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK").family("SIG_???");

    /** The address of a set that the call reads. */
    public static final ArgumentFormat SET_IN =
            StructFormats.in(SignalSet.BYTES, SignalFormats::appendSet);

    /** The address of a set that the call fills in. */
    public static final ArgumentFormat SET_OUT = Formats.output(SET_IN);

    private static final FlagFormat ACTION_FLAGS =
            new FlagFormat("0")
                    .with(SignalAction.SA_RESTORER, "SA_RESTORER")
                    .with(SignalAction.SA_ONSTACK, "SA_ONSTACK")
                    .with(SignalAction.SA_RESTART, "SA_RESTART")
                    .with(SignalAction.SA_NODEFER, "SA_NODEFER")
                    .with(SignalAction.SA_RESETHAND, "SA_RESETHAND")
                    .with(SignalAction.SA_SIGINFO, "SA_SIGINFO")
                    .with(SignalAction.SA_NOCLDSTOP, "SA_NOCLDSTOP")
                    .with(SignalAction.SA_NOCLDWAIT, "SA_NOCLDWAIT");

    /** The address of an action that the call reads. */
    public static final ArgumentFormat ACTION_IN =
            StructFormats.in(SignalAction.BYTES, SignalFormats::appendAction);

    /** The address of an action that the call fills in. */
    public static final ArgumentFormat ACTION_OUT = Formats.output(ACTION_IN);

    private static final FlagFormat STACK_FLAGS =
            new FlagFormat("0")
                    .with(AlternateStack.SS_ONSTACK, "SS_ONSTACK")
                    .with(AlternateStack.SS_DISABLE, "SS_DISABLE")
                    .with(Integer.toUnsignedLong(AlternateStack.SS_AUTODISARM), "SS_AUTODISARM");

    /** The address of an alternate stack that the call reads. */
    public static final ArgumentFormat STACK_IN =
            StructFormats.in(AlternateStack.BYTES, SignalFormats::appendStack);

    /** The address of an alternate stack that the call fills in. */
    public static final ArgumentFormat STACK_OUT = Formats.output(STACK_IN);

    /** The address of a {@code siginfo_t} that the call reads. */
    public static final ArgumentFormat INFO_IN =
            StructFormats.in(INFO_BYTES, SignalFormats::appendInfo);

    /** The address of a {@code siginfo_t} that the call fills in. */
    public static final ArgumentFormat INFO_OUT = Formats.output(INFO_IN);

    private SignalFormats() {}

    private static void appendInfo(StringBuilder out, MemorySegment info) {
        out.append("{si_signo=");
        appendSignal(out, info.get(INT, 0));
        out.append(", si_code=");
        CODE.append(out, info.get(INT, 8));
        out.append(", si_pid=").append(info.get(INT, 16));
        out.append(", si_uid=").append(info.get(INT, 20)).append('}');
    }

    /** Real-time signals are numbered from the kernel's first one, whatever the C library keeps. */
    private static void appendSignal(StringBuilder out, int number) {
        if (!Signal.isValid(number)) {
            out.append(number);
        } else if (number > Signal.SIGRTMIN.number()) {
            out.append("SIGRT_").append(number - Signal.SIGRTMIN.number());
        } else {
            out.append(Signal.of(number).name());
        }
    }

    /** Appends a set: {@code [INT USR1]}, or {@code ~[KILL]} for all others. */
    static void appendSet(StringBuilder out, MemorySegment bytes) {
        appendSet(out, bytes.get(LONG, 0));
    }

    private static void appendSet(StringBuilder out, long set) {
        boolean inverted = Long.bitCount(set) >= MANY;
        long shown = inverted ? ~set : set;
        out.append(inverted ? "~[" : "[");
        int start = out.length();
        for (int number = 1; number <= Signal.COUNT; number++) {
            if ((shown >>> (number - 1) & 1) != 0) {
                out.append(out.length() == start ? "" : " ");
                int name = out.length();
                appendSignal(out, number);
                out.delete(name, name + PREFIX.length());
            }
        }
        out.append(']');
    }

    /** {@code struct kernel_sigaction}: handler, flags, restorer, mask. */
    private static void appendAction(StringBuilder out, MemorySegment action) {
        long handler = action.get(LONG, 0);
        long flags = action.get(LONG, Long.BYTES);
        out.append("{sa_handler=");
        if (handler == SignalAction.SIG_DFL) {
            out.append("SIG_DFL");
        } else if (handler == SignalAction.SIG_IGN) {
            out.append("SIG_IGN");
        } else {
            Formats.appendPointer(out, handler);
        }
        out.append(", sa_mask=");
        appendSet(out, action.get(LONG, 3 * Long.BYTES));
        out.append(", sa_flags=");
        ACTION_FLAGS.append(out, flags);
        if ((flags & SignalAction.SA_RESTORER) != 0) {
            out.append(", sa_restorer=");
            Formats.appendPointer(out, action.get(LONG, 2 * Long.BYTES));
        }
        out.append('}');
    }

    private static void appendStack(StringBuilder out, MemorySegment stack) {
        out.append("{ss_sp=");
        Formats.appendPointer(out, stack.get(LONG, 0));
        out.append(", ss_flags=");
        STACK_FLAGS.append(out, Integer.toUnsignedLong(stack.get(INT, Long.BYTES)));
        out.append(", ss_size=").append(stack.get(LONG, 2 * Long.BYTES)).append('}');
    }
}
