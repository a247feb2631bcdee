package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
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

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Signals to processes, groups of them, and all: {@code kill_something_info}. */
final class KillSyscalls implements SyscallFamily {
    @Override
    public List<SyscallRow> rows() {
        return List.of(supported("kill", KillSyscalls::kill, INT, SIGNAL));
    }

    private static long kill(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int number = arguments.intAt(1);
        ProcessTable table = task.kernel().processes();
        if (pid == Integer.MIN_VALUE) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        if (pid > 0) {
            // The number of a thread stands for its process.
            ThreadGroup target =
                    table.process(pid)
                            .or(() -> table.task(pid).map(Task::group))
                            .orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
            sendTo(task, target, number).ifPresent(KillSyscalls::fail);
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
        if (number != 0 && !Signal.isValid(number)) {
            return Optional.of(Errno.EINVAL);
        }
        if (!maySignal(task, target, number)) {
            return Optional.of(Errno.EPERM);
        }
        if (number != 0) {
            target.send(
                    SignalInfo.sentBy(
                            Signal.of(number),
                            SignalInfo.SI_USER,
                            task.group().pid(),
                            task.credentials().uids().real()));
        }
        return Optional.empty();
    }

    /** {@code check_kill_permission}: within a session anybody may have anybody go on. */
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

    private static void fail(Errno errno) {
        throw ErrnoException.of(errno);
    }
}
