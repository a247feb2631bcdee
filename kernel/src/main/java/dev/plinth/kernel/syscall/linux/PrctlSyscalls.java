package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.CapabilityChanges;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.SecureBits;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.ProcessFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.TaskSettings;

import java.util.Arrays;
import java.util.List;

/** The settings of a process and of its threads: prctl(2), by linux/prctl.h and kernel/sys.c. */
final class PrctlSyscalls implements SyscallFamily {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final int PR_GET_PDEATHSIG = 2;
    private static final int PR_GET_DUMPABLE = 3;
    private static final int PR_SET_DUMPABLE = 4;
    private static final int PR_GET_KEEPCAPS = 7;
    private static final int PR_SET_KEEPCAPS = 8;
    private static final int PR_GET_TIMING = 13;
    private static final int PR_SET_TIMING = 14;
    private static final int PR_SET_NAME = 15;
    private static final int PR_GET_NAME = 16;
    private static final int PR_GET_SECCOMP = 21;
    private static final int PR_SET_SECCOMP = 22;
    private static final int PR_CAPBSET_READ = 23;
    private static final int PR_CAPBSET_DROP = 24;
    private static final int PR_GET_TSC = 25;
    private static final int PR_SET_TSC = 26;
    private static final int PR_GET_SECUREBITS = 27;
    private static final int PR_SET_SECUREBITS = 28;
    private static final int PR_SET_TIMERSLACK = 29;
    private static final int PR_GET_TIMERSLACK = 30;
    private static final int PR_TASK_PERF_EVENTS_DISABLE = 31;
    private static final int PR_TASK_PERF_EVENTS_ENABLE = 32;
    private static final int PR_MCE_KILL = 33;
    private static final int PR_MCE_KILL_GET = 34;
    private static final int PR_SET_MM = 35;
    private static final int PR_SET_CHILD_SUBREAPER = 36;
    private static final int PR_GET_CHILD_SUBREAPER = 37;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int PR_GET_NO_NEW_PRIVS = 39;
    private static final int PR_GET_TID_ADDRESS = 40;
    private static final int PR_SET_THP_DISABLE = 41;
    private static final int PR_GET_THP_DISABLE = 42;
    private static final int PR_CAP_AMBIENT = 47;
    private static final int PR_GET_SPECULATION_CTRL = 52;
    private static final int PR_SET_SPECULATION_CTRL = 53;
    private static final int PR_SET_IO_FLUSHER = 57;
    private static final int PR_GET_IO_FLUSHER = 58;
    private static final int PR_GET_MDWE = 66;
    private static final int PR_SET_VMA = 0x53564d41;
    private static final int PR_SET_PTRACER = 0x59616d61;

    private static final int PR_TSC_ENABLE = 1;
    private static final int PR_MCE_KILL_CLEAR = 0;
    private static final int PR_MCE_KILL_SET = 1;
    private static final int PR_CAP_AMBIENT_IS_SET = 1;
    private static final int PR_CAP_AMBIENT_RAISE = 2;
    private static final int PR_CAP_AMBIENT_LOWER = 3;
    private static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;
    private static final int PR_THP_DISABLE_EXCEPT_ADVISED = 1 << 1;

    /** {@code PR_SPEC_INDIRECT_BRANCH} and so on: how many kinds of speculation there are. */
    private static final int SPECULATION_KINDS = 3;

    private static final ArgumentFormat PRCTL_OPTION =
            new NameFormat()
                    .with(PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG")
                    .with(PR_GET_PDEATHSIG, "PR_GET_PDEATHSIG")
                    .with(PR_GET_DUMPABLE, "PR_GET_DUMPABLE")
                    .with(PR_SET_DUMPABLE, "PR_SET_DUMPABLE")
                    .with(PR_GET_KEEPCAPS, "PR_GET_KEEPCAPS")
                    .with(PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS")
                    .with(PR_GET_TIMING, "PR_GET_TIMING")
                    .with(PR_SET_TIMING, "PR_SET_TIMING")
                    .with(PR_SET_NAME, "PR_SET_NAME")
                    .with(PR_GET_NAME, "PR_GET_NAME")
                    .with(PR_GET_SECCOMP, "PR_GET_SECCOMP")
                    .with(PR_SET_SECCOMP, "PR_SET_SECCOMP")
                    .with(PR_CAPBSET_READ, "PR_CAPBSET_READ")
                    .with(PR_CAPBSET_DROP, "PR_CAPBSET_DROP")
                    .with(PR_GET_TSC, "PR_GET_TSC")
                    .with(PR_SET_TSC, "PR_SET_TSC")
                    .with(PR_GET_SECUREBITS, "PR_GET_SECUREBITS")
                    .with(PR_SET_SECUREBITS, "PR_SET_SECUREBITS")
                    .with(PR_SET_TIMERSLACK, "PR_SET_TIMERSLACK")
                    .with(PR_GET_TIMERSLACK, "PR_GET_TIMERSLACK")
                    .with(PR_TASK_PERF_EVENTS_DISABLE, "PR_TASK_PERF_EVENTS_DISABLE")
                    .with(PR_TASK_PERF_EVENTS_ENABLE, "PR_TASK_PERF_EVENTS_ENABLE")
                    .with(PR_MCE_KILL, "PR_MCE_KILL")
                    .with(PR_MCE_KILL_GET, "PR_MCE_KILL_GET")
                    .with(PR_SET_MM, "PR_SET_MM")
                    .with(PR_SET_CHILD_SUBREAPER, "PR_SET_CHILD_SUBREAPER")
                    .with(PR_GET_CHILD_SUBREAPER, "PR_GET_CHILD_SUBREAPER")
                    .with(PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS")
                    .with(PR_GET_NO_NEW_PRIVS, "PR_GET_NO_NEW_PRIVS")
                    .with(PR_GET_TID_ADDRESS, "PR_GET_TID_ADDRESS")
                    .with(PR_SET_THP_DISABLE, "PR_SET_THP_DISABLE")
                    .with(PR_GET_THP_DISABLE, "PR_GET_THP_DISABLE")
                    .with(PR_CAP_AMBIENT, "PR_CAP_AMBIENT")
                    .with(PR_GET_SPECULATION_CTRL, "PR_GET_SPECULATION_CTRL")
                    .with(PR_SET_SPECULATION_CTRL, "PR_SET_SPECULATION_CTRL")
                    .with(PR_SET_IO_FLUSHER, "PR_SET_IO_FLUSHER")
                    .with(PR_GET_IO_FLUSHER, "PR_GET_IO_FLUSHER")
                    .with(PR_GET_MDWE, "PR_GET_MDWE")
                    .with(PR_SET_VMA, "PR_SET_VMA")
                    .with(PR_SET_PTRACER, "PR_SET_PTRACER")
                    .family("PR_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "prctl",
                        "EINVAL for seccomp, names of mappings, write protection of code, a"
                                + " forbidden time stamp counter, and what needs other hardware;"
                                + " EPERM for PR_SET_MM",
                        PrctlSyscalls::prctl,
                        PRCTL_OPTION,
                        ProcessFormats.PRCTL_ARGUMENT,
                        ProcessFormats.PRCTL_MORE,
                        ProcessFormats.PRCTL_MORE,
                        ProcessFormats.PRCTL_MORE));
    }

    private static long prctl(Task task, SyscallArguments arguments) {
        long value = arguments.longAt(1);
        return switch (arguments.intAt(0)) {
            case PR_SET_PDEATHSIG -> setParentDeathSignal(task, value);
            case PR_GET_PDEATHSIG -> writeInt(task, value, task.settings().parentDeathSignal());
            case PR_GET_DUMPABLE -> task.group().settings().isDumpable() ? 1 : 0;
            case PR_SET_DUMPABLE -> {
                task.group().settings().setDumpable(flag(value));
                yield 0;
            }
            case PR_GET_KEEPCAPS -> task.credentials().isSecure(SecureBits.KEEP_CAPS) ? 1 : 0;
            case PR_SET_KEEPCAPS ->
                    become(
                            task,
                            CapabilityChanges.setKeepCapabilities(task.credentials(), flag(value)));
            // PR_TIMING_STATISTICAL, which is zero, is the only way in which time is told.
            case PR_GET_TIMING -> 0;
            case PR_SET_TIMING -> succeedIf(value == 0);
            case PR_SET_NAME -> setName(task, value);
            case PR_GET_NAME -> {
                task.guestMemory().copyOut(value, Arrays.copyOf(task.name(), Task.NAME_BYTES));
                yield 0;
            }
            case PR_GET_SECCOMP -> 0;
            case PR_CAPBSET_READ -> {
                long mask = CapabilityChanges.maskOf(value);
                yield (task.credentials().capabilities().bounding() & mask) == 0 ? 0 : 1;
            }
            case PR_CAPBSET_DROP ->
                    become(task, CapabilityChanges.dropFromBounding(task.credentials(), value));
            case PR_GET_TSC -> writeInt(task, value, PR_TSC_ENABLE);
            case PR_SET_TSC -> succeedIf(value == PR_TSC_ENABLE);
            case PR_GET_SECUREBITS -> task.credentials().secureBits();
            case PR_SET_SECUREBITS ->
                    become(task, CapabilityChanges.setSecureBits(task.credentials(), value));
            case PR_SET_TIMERSLACK -> {
                task.settings().setTimerSlackNanos(value);
                yield 0;
            }
            case PR_GET_TIMERSLACK -> task.settings().timerSlackNanos();
            // No task has events of perf to enable or disable.
            case PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE -> 0;
            case PR_MCE_KILL -> setMachineCheckKill(task, arguments);
            case PR_MCE_KILL_GET -> {
                requireZero(arguments, 1);
                yield task.settings().machineCheckKill();
            }
            case PR_SET_MM -> throw ErrnoException.of(Errno.EPERM);
            case PR_SET_CHILD_SUBREAPER -> {
                task.group().settings().setChildSubreaper(value != 0);
                yield 0;
            }
            case PR_GET_CHILD_SUBREAPER ->
                    writeInt(task, value, task.group().settings().isChildSubreaper() ? 1 : 0);
            case PR_SET_NO_NEW_PRIVS -> {
                requireZero(arguments, 2);
                if (value != 1) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                task.settings().setNoNewPrivileges();
                yield 0;
            }
            case PR_GET_NO_NEW_PRIVS -> {
                requireZero(arguments, 1);
                yield task.settings().noNewPrivileges() ? 1 : 0;
            }
            case PR_GET_TID_ADDRESS -> {
                task.guestMemory().writeLong(value, task.clearChildTid());
                yield 0;
            }
            case PR_SET_THP_DISABLE -> setHugePagesDisabled(task, arguments);
            case PR_GET_THP_DISABLE -> {
                requireZero(arguments, 1);
                yield task.group().settings().hugePagesDisabled();
            }
            case PR_CAP_AMBIENT -> ambient(task, arguments);
            case PR_GET_SPECULATION_CTRL -> {
                requireZero(arguments, 2);
                requireSpeculation(value);
                // PR_SPEC_NOT_AFFECTED: nothing can be told apart by speculation here.
                yield 0;
            }
            case PR_SET_SPECULATION_CTRL -> {
                requireZero(arguments, 4);
                requireSpeculation(value);
                throw ErrnoException.of(Errno.ENXIO);
            }
            case PR_SET_IO_FLUSHER -> {
                requireResourceCapability(task);
                requireZero(arguments, 2);
                task.settings().setIoFlusher(flag(value));
                yield 0;
            }
            case PR_GET_IO_FLUSHER -> {
                requireResourceCapability(task);
                requireZero(arguments, 1);
                yield task.settings().isIoFlusher() ? 1 : 0;
            }
            case PR_GET_MDWE -> {
                requireZero(arguments, 1);
                yield 0;
            }
            case PR_SET_PTRACER -> setTracer(task, value);
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    private static long setParentDeathSignal(Task task, long signal) {
        if (signal < 0 || signal > Signal.COUNT) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        task.settings().setParentDeathSignal((int) signal);
        return 0;
    }

    /** A name that is longer than there is room for is cut. */
    private static long setName(Task task, long address) {
        task.setName(
                task.guestMemory()
                        .readString(address, Task.NAME_BYTES)
                        .orElseGet(() -> task.guestMemory().copyIn(address, Task.NAME_BYTES - 1)));
        return 0;
    }

    private static long setMachineCheckKill(Task task, SyscallArguments arguments) {
        requireZero(arguments, 3);
        long policy = arguments.longAt(2);
        long what = arguments.longAt(1);
        if (what == PR_MCE_KILL_CLEAR) {
            requireZero(arguments, 2);
            task.settings().setMachineCheckKill(TaskSettings.MCE_KILL_DEFAULT);
        } else if (what == PR_MCE_KILL_SET
                && policy >= 0
                && policy <= TaskSettings.MCE_KILL_DEFAULT) {
            task.settings().setMachineCheckKill((int) policy);
        } else {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return 0;
    }

    private static long setHugePagesDisabled(Task task, SyscallArguments arguments) {
        requireZero(arguments, 3);
        boolean disabled = arguments.longAt(1) != 0;
        long flags = arguments.longAt(2);
        if (flags != 0 && !(disabled && flags == PR_THP_DISABLE_EXCEPT_ADVISED)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        task.group().settings().setHugePagesDisabled(disabled ? 1 | (int) flags : 0);
        return 0;
    }

    private static long ambient(Task task, SyscallArguments arguments) {
        Credentials old = task.credentials();
        long number = arguments.longAt(2);
        if (arguments.longAt(1) == PR_CAP_AMBIENT_CLEAR_ALL) {
            requireZero(arguments, 2);
            return become(task, CapabilityChanges.clearAmbient(old));
        }
        requireZero(arguments, 3);
        long mask = CapabilityChanges.maskOf(number);
        return switch (arguments.intAt(1)) {
            case PR_CAP_AMBIENT_IS_SET -> (old.capabilities().ambient() & mask) == 0 ? 0 : 1;
            case PR_CAP_AMBIENT_RAISE -> become(task, CapabilityChanges.raiseAmbient(old, number));
            case PR_CAP_AMBIENT_LOWER -> become(task, CapabilityChanges.lowerAmbient(old, number));
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    /** Nobody traces another here, so that whom a process would let do so changes nothing. */
    private static long setTracer(Task task, long pid) {
        boolean anyoneOrNobody = pid == -1 || pid == 0;
        if (!anyoneOrNobody && (pid != (int) pid || task.kernel().process((int) pid).isEmpty())) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return 0;
    }

    private static void requireSpeculation(long which) {
        if (which < 0 || which >= SPECULATION_KINDS) {
            throw ErrnoException.of(Errno.ENODEV);
        }
    }

    private static void requireResourceCapability(Task task) {
        if (!task.credentials().has(Capability.SYS_RESOURCE)) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    /** Refuses a call whose arguments from a place on, up to the fifth, are not all zero. */
    private static void requireZero(SyscallArguments arguments, int from) {
        for (int index = from; index < SyscallArguments.COUNT - 1; index++) {
            if (arguments.longAt(index) != 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
        }
    }

    private static boolean flag(long value) {
        if (value < 0 || value > 1) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return value == 1;
    }

    private static long succeedIf(boolean valid) {
        if (!valid) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return 0;
    }

    private static long writeInt(Task task, long address, int value) {
        task.guestMemory().writeInt(address, value);
        return 0;
    }

    private static long become(Task task, Credentials credentials) {
        task.setCredentials(credentials);
        return 0;
    }
}
