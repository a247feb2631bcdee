package dev.plinth.kernel.strace;

import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;

/** How the arguments of futex(2) are shown, whose meaning depends on the operation. */
public final class FutexFormats {
    private static final int FUTEX_PRIVATE_FLAG = 128;
    private static final int FUTEX_CLOCK_REALTIME = 256;

    private static final NameFormat COMMAND =
            NameFormat.ofList(
                            "FUTEX_WAIT",
                            "FUTEX_WAKE",
                            "FUTEX_FD",
                            "FUTEX_REQUEUE",
                            "FUTEX_CMP_REQUEUE",
                            "FUTEX_WAKE_OP",
                            "FUTEX_LOCK_PI",
                            "FUTEX_UNLOCK_PI",
                            "FUTEX_TRYLOCK_PI",
                            "FUTEX_WAIT_BITSET",
                            "FUTEX_WAKE_BITSET",
                            "FUTEX_WAIT_REQUEUE_PI",
                            "FUTEX_CMP_REQUEUE_PI",
                            "FUTEX_LOCK_PI2")
                    .family("FUTEX_???");

    /** Of each command, how many arguments it takes. */
    private static final int[] ARGUMENTS = {4, 3, 3, 5, 6, 6, 4, 2, 2, 6, 6, 5, 6, 4};

    /** Of each command, whether the fourth argument is a time rather than a count. */
    private static final long WITH_TIMEOUT = 1 | 1 << 6 | 1 << 9 | 1 << 11 | 1 << 13;

    /** The operation: command and flags. */
    public static final ArgumentFormat OPERATION =
            (out, task, arguments, index, result) -> appendOperation(out, arguments.intAt(index));

    /** A value of which only some commands know. */
    public static final ArgumentFormat VALUE = new IfTaken(Formats.UNSIGNED);

    /** The address of a second futex. */
    public static final ArgumentFormat SECOND_ADDRESS = new IfTaken(Formats.POINTER);

    /** A time or a count. */
    public static final ArgumentFormat TIMEOUT_OR_COUNT = new IfTaken(FutexFormats::appendTimeout);

    /** A value or a set of bits. */
    public static final ArgumentFormat LAST = new IfTaken(Formats.POINTER);

    private FutexFormats() {}

    private static int command(SyscallArguments arguments) {
        return arguments.intAt(1) & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
    }

    private static void appendOperation(StringBuilder out, int operation) {
        COMMAND.append(out, operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME));
        if ((operation & FUTEX_PRIVATE_FLAG) != 0) {
            out.append("_PRIVATE");
        }
        if ((operation & FUTEX_CLOCK_REALTIME) != 0) {
            out.append("|FUTEX_CLOCK_REALTIME");
        }
    }

    private static void appendTimeout(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        int command = command(arguments);
        boolean time = command >= 0 && command < Long.SIZE && (WITH_TIMEOUT >>> command & 1) != 0;
        (time ? StructFormats.TIMESPEC_IN : Formats.UNSIGNED)
                .append(out, task, arguments, index, result);
    }

    /** Shown if the command takes as many arguments. */
    private record IfTaken(ArgumentFormat format) implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            format.append(out, task, arguments, index, result);
        }

        @Override
        public boolean isShown(SyscallArguments arguments, int index) {
            int command = command(arguments);
            return command < 0 || command >= ARGUMENTS.length || index < ARGUMENTS[command];
        }
    }
}
