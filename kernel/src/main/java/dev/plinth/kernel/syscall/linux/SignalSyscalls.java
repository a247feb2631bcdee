package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.SignalFormats.ACTION_IN;
import static dev.plinth.kernel.strace.SignalFormats.ACTION_OUT;
import static dev.plinth.kernel.strace.SignalFormats.HOW;
import static dev.plinth.kernel.strace.SignalFormats.SET_IN;
import static dev.plinth.kernel.strace.SignalFormats.SET_OUT;
import static dev.plinth.kernel.strace.SignalFormats.SIGNAL;
import static dev.plinth.kernel.strace.SignalFormats.STACK_IN;
import static dev.plinth.kernel.strace.SignalFormats.STACK_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.signal.AlternateStack;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.ThreadGroup;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Signals: actions, masks, sending, waiting, and the way back from a handler. */
final class SignalSyscalls implements SyscallFamily {
    private static final int SIG_BLOCK = 0;
    private static final int SIG_UNBLOCK = 1;
    private static final int SIG_SETMASK = 2;
    private static final int MINSIGSTKSZ = 2048;

    private static final String ONE_PROCESS = "there is one process yet, so no groups of them";

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "rt_sigaction",
                        SignalSyscalls::rtSigaction,
                        SIGNAL,
                        ACTION_IN,
                        ACTION_OUT,
                        SIZE),
                supported(
                        "rt_sigprocmask",
                        SignalSyscalls::rtSigprocmask,
                        HOW,
                        SET_IN,
                        SET_OUT,
                        SIZE),
                supported("rt_sigreturn", SignalSyscalls::rtSigreturn),
                supported("restart_syscall", SignalSyscalls::restartSyscall),
                supported("rt_sigpending", SignalSyscalls::rtSigpending, SET_OUT, SIZE),
                supported("rt_sigsuspend", SignalSyscalls::rtSigsuspend, SET_IN, SIZE),
                supported("sigaltstack", SignalSyscalls::sigaltstack, STACK_IN, STACK_OUT),
                supported("pause", SignalSyscalls::pause),
                partial("kill", ONE_PROCESS, SignalSyscalls::kill, INT, SIGNAL),
                supported("tkill", SignalSyscalls::tkill, INT, SIGNAL),
                supported("tgkill", SignalSyscalls::tgkill, INT, INT, SIGNAL));
    }

    private static long rtSigaction(Task task, SyscallArguments arguments) {
        int number = arguments.intAt(0);
        long newAddress = arguments.longAt(1);
        long oldAddress = arguments.longAt(2);
        requireSetSize(arguments.longAt(3));
        if (!Signal.isValid(number)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Signal signal = Signal.of(number);
        SignalAction before;
        if (newAddress == 0) {
            before = task.signals().action(signal);
        } else {
            byte[] bytes = task.guestMemory().copyIn(newAddress, SignalAction.BYTES);
            if (SignalSet.contains(SignalSet.UNBLOCKABLE, signal)) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            SignalAction action = SignalAction.readFrom(MemorySegment.ofArray(bytes));
            before = task.signals().setAction(signal, action);
        }
        if (oldAddress != 0) {
            byte[] bytes = new byte[SignalAction.BYTES];
            before.writeTo(MemorySegment.ofArray(bytes));
            task.guestMemory().copyOut(oldAddress, bytes);
        }
        return 0;
    }

    private static long rtSigprocmask(Task task, SyscallArguments arguments) {
        int how = arguments.intAt(0);
        long newAddress = arguments.longAt(1);
        long oldAddress = arguments.longAt(2);
        requireSetSize(arguments.longAt(3));
        long before = task.signals().blocked();
        if (newAddress != 0) {
            long set = task.guestMemory().readLong(newAddress);
            task.signals()
                    .setBlocked(
                            switch (how) {
                                case SIG_BLOCK -> before | set;
                                case SIG_UNBLOCK -> before & ~set;
                                case SIG_SETMASK -> set;
                                default -> throw ErrnoException.of(Errno.EINVAL);
                            });
        }
        if (oldAddress != 0) {
            task.guestMemory().writeLong(oldAddress, before);
        }
        return 0;
    }

    private static long rtSigreturn(Task task, SyscallArguments arguments) {
        return task.returnFromHandler();
    }

    private static long restartSyscall(Task task, SyscallArguments arguments) {
        return task.restart();
    }

    private static long rtSigpending(Task task, SyscallArguments arguments) {
        if (Long.compareUnsigned(arguments.longAt(1), SignalSet.BYTES) > 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long pending = task.signals().pendingSet() & task.signals().blocked();
        task.guestMemory().writeLong(arguments.longAt(0), pending);
        return 0;
    }

    private static long rtSigsuspend(Task task, SyscallArguments arguments) {
        requireSetSize(arguments.longAt(1));
        task.signals().setBlockedTemporarily(task.guestMemory().readLong(arguments.longAt(0)));
        task.sleepUntilInterrupted();
        throw RestartException.of(RestartException.Kind.UNLESS_HANDLED);
    }

    private static long pause(Task task, SyscallArguments arguments) {
        task.sleepUntilInterrupted();
        throw RestartException.of(RestartException.Kind.UNLESS_HANDLED);
    }

    private static long sigaltstack(Task task, SyscallArguments arguments) {
        long newAddress = arguments.longAt(0);
        long oldAddress = arguments.longAt(1);
        AlternateStack before = task.signals().alternateStack();
        long stackPointer = task.registers().rsp();
        if (newAddress != 0) {
            byte[] bytes = task.guestMemory().copyIn(newAddress, AlternateStack.BYTES);
            AlternateStack wanted = AlternateStack.readFrom(MemorySegment.ofArray(bytes));
            if (!before.isDisabled() && before.holds(stackPointer)) {
                throw ErrnoException.of(Errno.EPERM);
            }
            task.signals().setAlternateStack(checked(wanted));
        }
        if (oldAddress != 0) {
            byte[] bytes = new byte[AlternateStack.BYTES];
            before.writeTo(MemorySegment.ofArray(bytes), stackPointer);
            task.guestMemory().copyOut(oldAddress, bytes);
        }
        return 0;
    }

    private static AlternateStack checked(AlternateStack wanted) {
        int mode = wanted.flags() & ~AlternateStack.SS_AUTODISARM;
        if (mode == AlternateStack.SS_DISABLE) {
            return AlternateStack.NONE;
        }
        if (mode != 0 && mode != AlternateStack.SS_ONSTACK) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (Long.compareUnsigned(wanted.size(), MINSIGSTKSZ) < 0) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        return new AlternateStack(
                wanted.base(), wanted.flags() & AlternateStack.SS_AUTODISARM, wanted.size());
    }

    private static long kill(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int number = arguments.intAt(1);
        // One process: its own group, and the only one that -1 could mean is the sender itself,
        // which kill(2) leaves out.
        int target = pid == 0 || pid == -task.group().pid() ? task.group().pid() : pid;
        if (pid == -1) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        ThreadGroup group =
                task.kernel().process(target).orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
        requireSignalOrZero(number);
        if (number != 0) {
            group.send(info(task, number, SignalInfo.SI_USER));
        }
        return 0;
    }

    private static long tkill(Task task, SyscallArguments arguments) {
        int tid = arguments.intAt(0);
        if (tid <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return sendToTask(task, Optional.empty(), tid, arguments.intAt(1));
    }

    private static long tgkill(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int tid = arguments.intAt(1);
        if (pid <= 0 || tid <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return sendToTask(task, Optional.of(pid), tid, arguments.intAt(2));
    }

    private static long sendToTask(Task sender, Optional<Integer> pid, int tid, int number) {
        Task target =
                sender.kernel().tasks().stream()
                        .filter(task -> task.tid() == tid)
                        .filter(task -> pid.isEmpty() || pid.get() == task.group().pid())
                        .findFirst()
                        .orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
        requireSignalOrZero(number);
        if (number != 0 && !target.signals().send(info(sender, number, SignalInfo.SI_TKILL))) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        return 0;
    }

    private static SignalInfo info(Task sender, int number, int code) {
        return SignalInfo.sentBy(
                Signal.of(number), code, sender.group().pid(), sender.credentials().uids().real());
    }

    private static void requireSignalOrZero(int number) {
        if (number != 0 && !Signal.isValid(number)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void requireSetSize(long size) {
        if (size != SignalSet.BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}
