package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.SignalFormats.INFO_IN;
import static dev.plinth.kernel.strace.SignalFormats.SIGNAL;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.CrossProcessAccess;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.ProcessTable;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.ThreadGroup;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Sending signals: to threads, processes, groups of them, and all; kernel/signal.c. */
final class KillSyscalls implements SyscallFamily {
    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("kill", KillSyscalls::kill, INT, SIGNAL),
                supported("tkill", KillSyscalls::tkill, INT, SIGNAL),
                supported("tgkill", KillSyscalls::tgkill, INT, INT, SIGNAL),
                supported("rt_sigqueueinfo", KillSyscalls::rtSigqueueinfo, INT, SIGNAL, INFO_IN),
                supported(
                        "rt_tgsigqueueinfo",
                        KillSyscalls::rtTgsigqueueinfo,
                        INT,
                        INT,
                        SIGNAL,
                        INFO_IN));
    }

    private static long kill(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int number = arguments.intAt(1);
        ProcessTable table = task.kernel().processes();
        if (pid == Integer.MIN_VALUE) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        if (pid > 0) {
            sendTo(task, TaskNumbers.process(task, pid), number).ifPresent(KillSyscalls::fail);
            return 0;
        }
        if (pid == -1) {
            Predicate<ThreadGroup> others =
                    process -> process.pid() != Kernel.INIT_PID && process != task.group();
            return sendToAll(task, others, number, true);
        }
        int group = pid == 0 ? table.processGroupOf(task.group()) : -pid;
        return sendToAll(task, process -> table.isInGroup(process, group), number, false);
    }

    /**
     * Sends to many: that succeeds if it does for one of them.
     *
     * @param hushed whether it also succeeds if none may be sent to, as for -1
     */
    private static long sendToAll(
            Task task, Predicate<ThreadGroup> which, int number, boolean hushed) {
        int[] counts = new int[2];
        Errno[] last = {Errno.ESRCH};
        task.kernel()
                .processes()
                .forEach(
                        which,
                        process -> {
                            counts[0]++;
                            Optional<Errno> failure = sendTo(task, process, number);
                            if (failure.isEmpty()) {
                                counts[1]++;
                            } else if (!hushed || failure.get() != Errno.EPERM) {
                                last[0] = failure.get();
                            }
                        });
        boolean quiet = hushed && counts[0] > 0 && last[0] == Errno.ESRCH;
        if (counts[1] == 0 && !quiet) {
            fail(last[0]);
        }
        return 0;
    }

    private static Optional<Errno> sendTo(Task task, ThreadGroup target, int number) {
        Optional<Errno> refusal = refusal(task, target, number);
        if (refusal.isEmpty() && number != 0) {
            target.send(info(task, number, SignalInfo.SI_USER));
        }
        return refusal;
    }

    private static SignalInfo info(Task sender, int number, int code) {
        return SignalInfo.sentBy(
                Signal.of(number), code, sender.group().pid(), sender.credentials().uids().real());
    }

    /** Why a signal may not be sent, if so; {@code check_kill_permission}. */
    private static Optional<Errno> refusal(Task task, ThreadGroup target, int number) {
        if (number != 0 && !Signal.isValid(number)) {
            return Optional.of(Errno.EINVAL);
        }
        return maySignal(task, target, number) ? Optional.empty() : Optional.of(Errno.EPERM);
    }

    /** Within a session anybody may have anybody go on. */
    private static boolean maySignal(Task task, ThreadGroup target, int number) {
        if (target == task.group()) {
            return true;
        }
        ProcessTable table = task.kernel().processes();
        Credentials caller = task.credentials();
        return target.credentials()
                        .filter(credentials -> !CrossProcessAccess.maySignal(caller, credentials))
                        .isEmpty()
                || (number == Signal.SIGCONT.number()
                        && table.sessionOf(target) == table.sessionOf(task.group()));
    }

    private static long tkill(Task task, SyscallArguments arguments) {
        int number = arguments.intAt(1);
        if (arguments.intAt(0) <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Task target = TaskNumbers.task(task, arguments.intAt(0));
        return sendToTask(task, target, number, () -> info(task, number, SignalInfo.SI_TKILL));
    }

    private static long tgkill(Task task, SyscallArguments arguments) {
        int number = arguments.intAt(2);
        Task target = taskOf(task, arguments.intAt(0), arguments.intAt(1));
        return sendToTask(task, target, number, () -> info(task, number, SignalInfo.SI_TKILL));
    }

    /** Implements rt_sigqueueinfo(2). */
    private static long rtSigqueueinfo(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int number = arguments.intAt(1);
        MemorySegment info = readInfo(task, arguments.longAt(2), pid);
        ThreadGroup target = TaskNumbers.process(task, pid);
        refusal(task, target, number).ifPresent(KillSyscalls::fail);
        if (number != 0 && !target.send(SignalInfo.readFrom(Signal.of(number), info))) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        return 0;
    }

    /** Implements rt_tgsigqueueinfo(2). */
    private static long rtTgsigqueueinfo(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int tid = arguments.intAt(1);
        int number = arguments.intAt(2);
        MemorySegment info = readInfo(task, arguments.longAt(3), tid);
        Task target = taskOf(task, pid, tid);
        return sendToTask(task, target, number, () -> SignalInfo.readFrom(Signal.of(number), info));
    }

    /**
     * Reads what a program wants told of its signal.
     *
     * @param target the number of the task or process it is for
     * @throws ErrnoException EPERM if it pretends to be the kernel or kill(2) towards others
     */
    private static MemorySegment readInfo(Task task, long address, int target) {
        byte[] bytes = task.guestMemory().copyIn(address, SignalInfo.BYTES);
        MemorySegment info = MemorySegment.ofArray(bytes);
        int code = SignalInfo.codeOf(info);
        if ((code >= 0 || code == SignalInfo.SI_TKILL) && task.tid() != target) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return info;
    }

    private static Task taskOf(Task task, int pid, int tid) {
        if (pid <= 0 || tid <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Task found = TaskNumbers.task(task, tid);
        if (found.group().pid() != pid) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return found;
    }

    /**
     * Sends to one thread.
     *
     * @param info of the signal, which is asked for if there is one
     */
    private static long sendToTask(
            Task sender, Task target, int number, Supplier<SignalInfo> info) {
        refusal(sender, target.group(), number).ifPresent(KillSyscalls::fail);
        if (number != 0 && !target.signals().send(info.get())) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        return 0;
    }

    private static void fail(Errno errno) {
        throw ErrnoException.of(errno);
    }
}
