package dev.plinth.kernel.strace;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.linux.Sched;
import dev.plinth.kernel.task.linux.Wait;

import java.lang.foreign.ValueLayout;

/** How arguments of calls that make, change and await processes are shown. */
public final class ProcessFormats {
    /** How many strings of an array are shown, as strace(1) does by default. */
    private static final int SHOWN_STRINGS = 32;

    /** More variables are not counted: execve(2) does not take them. */
    private static final int COUNTED_STRINGS = 1 << 18;

    private static final int PR_SET_PDEATHSIG = 1;
    private static final int PR_GET_PDEATHSIG = 2;
    private static final int PR_GET_DUMPABLE = 3;
    private static final int PR_SET_DUMPABLE = 4;
    private static final int PR_GET_KEEPCAPS = 7;
    private static final int PR_SET_KEEPCAPS = 8;
    private static final int PR_SET_NAME = 15;
    private static final int PR_GET_NAME = 16;
    private static final int PR_GET_SECCOMP = 21;
    private static final int PR_CAPBSET_READ = 23;
    private static final int PR_CAPBSET_DROP = 24;

    private static final int ARCH_SET_GS = 0x1001;
    private static final int ARCH_SET_FS = 0x1002;
    private static final int ARCH_GET_FS = 0x1003;
    private static final int ARCH_GET_GS = 0x1004;

    /** The address of an array of strings, such as a program's arguments. */
    public static final ArgumentFormat STRINGS =
            (out, task, arguments, index, result) ->
                    appendStrings(out, task, arguments.longAt(index));

    /** The address of an environment: how many variables there are. */
    public static final ArgumentFormat ENVIRONMENT =
            (out, task, arguments, index, result) ->
                    appendEnvironment(out, task, arguments.longAt(index));

    /** Whom wait4(2) and waitid(2) wait for, and how. */
    public static final ArgumentFormat WAIT_OPTIONS =
            new FlagFormat("0")
                    .with(1, "WNOHANG")
                    .with(2, "WSTOPPED")
                    .with(4, "WEXITED")
                    .with(8, "WCONTINUED")
                    .with(0x01000000, "WNOWAIT")
                    .with(0x20000000, "__WNOTHREAD")
                    .with(0x40000000, "__WALL")
                    .with(0x80000000L, "__WCLONE")
                    .family("W???");

    /** What clone(2) shares and does, with the signal at the end of the child. */
    public static final ArgumentFormat CLONE_FLAGS =
            (out, task, arguments, index, result) -> appendCloneFlags(out, arguments.longAt(index));

    /** The address of a {@code struct clone_args}: its flags. */
    public static final ArgumentFormat CLONE_ARGUMENTS =
            StructFormats.in(
                    Long.BYTES,
                    (out, struct) -> {
                        out.append("{flags=");
                        appendCloneFlags(out, struct.get(ValueLayout.JAVA_LONG_UNALIGNED, 0));
                        out.append(", ...}");
                    });

    /** The address of the status that wait4(2) fills in. */
    public static final ArgumentFormat WAIT_STATUS =
            Formats.output((out, task, arguments, index, result) ->
                    appendWaitStatus(out, task, arguments.longAt(index), result));

    /** What the second argument of waitid(2) is the number of. */
    public static final ArgumentFormat ID_TYPE =
            NameFormat.ofList("P_ALL", "P_PID", "P_PGID", "P_PIDFD").family("P_???");

    /** What prctl(2) needs for its option, in second place. */
    public static final ArgumentFormat PRCTL_ARGUMENT = new PrctlArgument();

    /** What prctl(2) needs for its option, from the third place on. */
    public static final ArgumentFormat PRCTL_MORE =
            Formats.shownIf(arguments -> prctlArguments(arguments) > 1, Formats.HEX);

    /** What arch_prctl(2) needs for its code. */
    public static final ArgumentFormat ARCH_ARGUMENT = new ArchArgument();

    private static final ArgumentFormat NAME_OUT = Formats.output(Formats.PATH);

    private static final FlagFormat CLONE_NAMES =
            new FlagFormat("0")
                    .with(Sched.CLONE_VM, "CLONE_VM")
                    .with(Sched.CLONE_FS, "CLONE_FS")
                    .with(Sched.CLONE_FILES, "CLONE_FILES")
                    .with(Sched.CLONE_SIGHAND, "CLONE_SIGHAND")
                    .with(Sched.CLONE_PIDFD, "CLONE_PIDFD")
                    .with(Sched.CLONE_PTRACE, "CLONE_PTRACE")
                    .with(Sched.CLONE_VFORK, "CLONE_VFORK")
                    .with(Sched.CLONE_PARENT, "CLONE_PARENT")
                    .with(Sched.CLONE_THREAD, "CLONE_THREAD")
                    .with(Sched.CLONE_NEWNS, "CLONE_NEWNS")
                    .with(Sched.CLONE_SYSVSEM, "CLONE_SYSVSEM")
                    .with(Sched.CLONE_SETTLS, "CLONE_SETTLS")
                    .with(Sched.CLONE_PARENT_SETTID, "CLONE_PARENT_SETTID")
                    .with(Sched.CLONE_CHILD_CLEARTID, "CLONE_CHILD_CLEARTID")
                    .with(Sched.CLONE_DETACHED, "CLONE_DETACHED")
                    .with(Sched.CLONE_UNTRACED, "CLONE_UNTRACED")
                    .with(Sched.CLONE_CHILD_SETTID, "CLONE_CHILD_SETTID")
                    .with(Sched.CLONE_NEWCGROUP, "CLONE_NEWCGROUP")
                    .with(Sched.CLONE_NEWUTS, "CLONE_NEWUTS")
                    .with(Sched.CLONE_NEWIPC, "CLONE_NEWIPC")
                    .with(Sched.CLONE_NEWUSER, "CLONE_NEWUSER")
                    .with(Sched.CLONE_NEWPID, "CLONE_NEWPID")
                    .with(Sched.CLONE_NEWNET, "CLONE_NEWNET")
                    .with(Sched.CLONE_IO, "CLONE_IO")
                    .with(Sched.CLONE_CLEAR_SIGHAND, "CLONE_CLEAR_SIGHAND")
                    .family("CLONE_???");

    private ProcessFormats() {}

    private static void appendCloneFlags(StringBuilder out, long flags) {
        int signal = (int) (flags & Sched.CSIGNAL);
        long others = flags & ~Sched.CSIGNAL;
        if (others != 0 || signal == 0) {
            CLONE_NAMES.append(out, others);
        }
        if (signal != 0) {
            out.append(others != 0 ? "|" : "");
            out.append(Signal.isValid(signal) ? Signal.of(signal) : "0x" + signal);
        }
    }

    private static void appendWaitStatus(StringBuilder out, Task task, long address, long result) {
        if (address == 0 || result <= 0) {
            Formats.appendPointer(out, address);
            return;
        }
        int status;
        try {
            status = task.guestMemory().readInt(address);
        } catch (ErrnoException e) {
            Formats.appendPointer(out, address);
            return;
        }
        int low = status & 0x7f;
        int high = status >> 8 & 0xff;
        out.append("[{");
        if (status == Wait.STATUS_CONTINUED) {
            out.append("WIFCONTINUED(s)");
        } else if (low == 0x7f) {
            out.append("WIFSTOPPED(s) && WSTOPSIG(s) == ").append(nameOf(high));
        } else if (low == 0) {
            out.append("WIFEXITED(s) && WEXITSTATUS(s) == ").append(high);
        } else {
            out.append("WIFSIGNALED(s) && WTERMSIG(s) == ").append(nameOf(low));
        }
        out.append("}]");
    }

    private static String nameOf(int signal) {
        return Signal.isValid(signal) ? Signal.of(signal).toString() : Integer.toString(signal);
    }

    private static void appendStrings(StringBuilder out, Task task, long address) {
        if (address == 0) {
            out.append("NULL");
            return;
        }
        int start = out.length();
        out.append('[');
        try {
            for (int i = 0; ; i++) {
                long string = task.guestMemory().readLong(address + (long) i * Long.BYTES);
                if (string == 0) {
                    break;
                }
                out.append(i == 0 ? "" : ", ");
                if (i == SHOWN_STRINGS) {
                    out.append("...");
                    break;
                }
                Formats.appendString(out, task, string);
            }
            out.append(']');
        } catch (ErrnoException e) {
            out.setLength(start);
            Formats.appendPointer(out, address);
        }
    }

    private static void appendEnvironment(StringBuilder out, Task task, long address) {
        Formats.appendPointer(out, address);
        if (address == 0) {
            return;
        }
        int count = 0;
        try {
            while (count < COUNTED_STRINGS
                    && task.guestMemory().readLong(address + (long) count * Long.BYTES) != 0) {
                count++;
            }
        } catch (ErrnoException e) {
            // Part of the array cannot be read, and how many it has is not known.
            return;
        }
        out.append(" /* ").append(count).append(count == 1 ? " var */" : " vars */");
    }

    /** How many arguments prctl(2) takes behind its option. */
    private static int prctlArguments(SyscallArguments arguments) {
        return switch (arguments.intAt(0)) {
            case PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_GET_SECCOMP -> 0;
            case PR_SET_PDEATHSIG,
                    PR_GET_PDEATHSIG,
                    PR_SET_DUMPABLE,
                    PR_SET_KEEPCAPS,
                    PR_SET_NAME,
                    PR_GET_NAME,
                    PR_CAPBSET_READ,
                    PR_CAPBSET_DROP ->
                    1;
            default -> 4;
        };
    }

    private static final class PrctlArgument implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            ArgumentFormat format =
                    switch (arguments.intAt(0)) {
                        case PR_SET_NAME -> Formats.PATH;
                        case PR_GET_NAME -> NAME_OUT;
                        case PR_SET_PDEATHSIG -> SignalFormats.SIGNAL;
                        case PR_GET_PDEATHSIG -> StructFormats.INT_OUT;
                        default -> Formats.HEX;
                    };
            format.append(out, task, arguments, index, result);
        }

        @Override
        public boolean isOutput() {
            return true;
        }

        @Override
        public boolean isShown(SyscallArguments arguments, int index) {
            return prctlArguments(arguments) > 0;
        }
    }

    private static final class ArchArgument implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            ArgumentFormat format =
                    switch (arguments.intAt(0)) {
                        case ARCH_GET_FS, ARCH_GET_GS -> StructFormats.POINTER_OUT;
                        case ARCH_SET_FS, ARCH_SET_GS -> Formats.HEX;
                        default -> Formats.POINTER;
                    };
            format.append(out, task, arguments, index, result);
        }

        @Override
        public boolean isOutput() {
            return true;
        }
    }
}
