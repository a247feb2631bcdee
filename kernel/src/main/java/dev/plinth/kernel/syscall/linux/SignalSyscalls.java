package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.SignalFormats.ACTION_IN;
import static dev.plinth.kernel.strace.SignalFormats.ACTION_OUT;
import static dev.plinth.kernel.strace.SignalFormats.HOW;
import static dev.plinth.kernel.strace.SignalFormats.INFO_OUT;
import static dev.plinth.kernel.strace.SignalFormats.SET_IN;
import static dev.plinth.kernel.strace.SignalFormats.SET_OUT;
import static dev.plinth.kernel.strace.SignalFormats.SIGNAL;
import static dev.plinth.kernel.strace.SignalFormats.STACK_IN;
import static dev.plinth.kernel.strace.SignalFormats.STACK_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.signal.AlternateStack;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.strace.StructFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Blocker;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Signals: actions, masks, waiting, and the way back from a handler; kernel/signal.c. */
final class SignalSyscalls implements SyscallFamily {
    private static final int SIG_BLOCK = 0;
    private static final int SIG_UNBLOCK = 1;
    private static final int SIG_SETMASK = 2;

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
                supported(
                        "rt_sigtimedwait",
                        SignalSyscalls::rtSigtimedwait,
                        SET_IN,
                        INFO_OUT,
                        StructFormats.TIMESPEC_IN,
                        SIZE));
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
        return task.call().restart();
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
        task.sleep().untilInterrupted();
        throw RestartException.of(RestartException.Kind.UNLESS_HANDLED);
    }

    private static long pause(Task task, SyscallArguments arguments) {
        task.sleep().untilInterrupted();
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
            Optional<Errno> wrong = task.signals().changeAlternateStack(wanted, stackPointer);
            if (wrong.isPresent()) {
                throw ErrnoException.of(wrong.get());
            }
        }
        if (oldAddress != 0) {
            byte[] bytes = new byte[AlternateStack.BYTES];
            before.writeTo(MemorySegment.ofArray(bytes), stackPointer);
            task.guestMemory().copyOut(oldAddress, bytes);
        }
        return 0;
    }

    /** Implements rt_sigtimedwait(2). */
    private static long rtSigtimedwait(Task task, SyscallArguments arguments) {
        requireSetSize(arguments.longAt(3));
        long set = task.guestMemory().readLong(arguments.longAt(0));
        long infoAddress = arguments.longAt(1);
        long deadline =
                arguments.longAt(2) == 0
                        ? Blocker.NO_DEADLINE
                        : TimeArguments.deadlineAfter(
                                task, TimeArguments.readTimespec(task, arguments.longAt(2)));
        Optional<SignalInfo> info = task.signals().await(set, deadline);
        if (info.isEmpty()) {
            boolean timedOut = deadline <= task.kernel().clock().monotonicNanos();
            throw ErrnoException.of(timedOut ? Errno.EAGAIN : Errno.EINTR);
        }
        if (infoAddress != 0) {
            byte[] bytes = new byte[SignalInfo.BYTES];
            info.get().writeTo(MemorySegment.ofArray(bytes));
            task.guestMemory().copyOut(infoAddress, bytes);
        }
        return info.get().signal().number();
    }

    private static void requireSetSize(long size) {
        if (size != SignalSet.BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}
