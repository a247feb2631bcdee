package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.SignalFormats.INFO_IN;
import static dev.plinth.kernel.strace.SignalFormats.SIGNAL;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.cred.CrossProcessAccess;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.ThreadGroup;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Sending signals; kernel/signal.c. */
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
        if (pid > 0) {
            send(task, processOf(task, pid), number, SignalInfo.SI_USER);
        } else if (pid == -1) {
            killAll(task, number);
        } else if (pid == Integer.MIN_VALUE) {
            throw ErrnoException.of(Errno.ESRCH);
        } else {
            int own = task.kernel().processes().processGroupOf(task.group());
            killGroup(task, pid == 0 ? own : -pid, number);
        }
        return 0;
    }

    private static ThreadGroup processOf(Task task, int pid) {
        // A thread's number stands for its process, as in Linux' find_vpid.
        return task.kernel()
                .processes()
                .process(pid)
                .or(() -> task.kernel().processes().task(pid).map(Task::group))
                .orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
    }

    /** {@code __kill_pgrp_info}: it is enough if one process gets it. */
    private static void killGroup(Task task, int id, int number) {
        Errno error = Errno.ESRCH;
        boolean sent = false;
        for (ThreadGroup process : task.kernel().processes().membersOf(id)) {
            try {
                send(task, process, number, SignalInfo.SI_USER);
                sent = true;
            } catch (ErrnoException e) {
                error = e.errno();
            }
        }
        if (!sent) {
            throw ErrnoException.of(error);
        }
    }

    /** Every process but the first one and the sender itself. */
    private static void killAll(Task task, int number) {
        Optional<Errno> error = Optional.of(Errno.ESRCH);
        for (ThreadGroup process : task.kernel().processes().processes()) {
            if (process.pid() == Kernel.INIT_PID || process == task.group()) {
                continue;
            }
            if (error.equals(Optional.of(Errno.ESRCH))) {
                error = Optional.empty();
            }
            try {
                send(task, process, number, SignalInfo.SI_USER);
            } catch (ErrnoException e) {
                // Those who may not be signalled are passed over.
                if (e.errno() != Errno.EPERM) {
                    error = Optional.of(e.errno());
                }
            }
        }
        if (error.isPresent()) {
            throw ErrnoException.of(error.get());
        }
    }

    private static void send(Task sender, ThreadGroup process, int number, int code) {
        requirePermission(sender, process, number);
        if (number != 0 && !process.send(info(sender, number, code))) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }

    private static long tkill(Task task, SyscallArguments arguments) {
        int tid = arguments.intAt(0);
        if (tid <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int number = arguments.intAt(1);
        sendToTask(task, taskOf(task, tid), number, info(task, number, SignalInfo.SI_TKILL));
        return 0;
    }

    private static long tgkill(Task task, SyscallArguments arguments) {
        int number = arguments.intAt(2);
        Task target = taskOf(task, arguments.intAt(0), arguments.intAt(1));
        sendToTask(task, target, number, info(task, number, SignalInfo.SI_TKILL));
        return 0;
    }

    private static long rtSigqueueinfo(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int number = arguments.intAt(1);
        SignalInfo info = readInfo(task, number, arguments.longAt(2));
        requireOwnCode(task, info, pid);
        ThreadGroup process = processOf(task, pid);
        requirePermission(task, process, number);
        if (number != 0 && !process.send(info)) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        return 0;
    }

    private static long rtTgsigqueueinfo(Task task, SyscallArguments arguments) {
        int number = arguments.intAt(2);
        SignalInfo info = readInfo(task, number, arguments.longAt(3));
        if (arguments.intAt(0) <= 0 || arguments.intAt(1) <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        requireOwnCode(task, info, arguments.intAt(1));
        Task target = taskOf(task, arguments.intAt(0), arguments.intAt(1));
        sendToTask(task, target, number, info);
        return 0;
    }

    private static SignalInfo readInfo(Task task, int number, long address) {
        byte[] bytes = task.guestMemory().copyIn(address, SignalInfo.BYTES);
        Signal signal = Signal.isValid(number) ? Signal.of(number) : Signal.SIGKILL;
        return SignalInfo.readFrom(signal, MemorySegment.ofArray(bytes));
    }

    /** Nobody can pretend to be the kernel or kill(2) towards others. */
    private static void requireOwnCode(Task task, SignalInfo info, int target) {
        boolean pretends = info.code() >= 0 || info.code() == SignalInfo.SI_TKILL;
        if (pretends && task.tid() != target) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    private static Task taskOf(Task task, int tid) {
        return task.kernel()
                .processes()
                .task(tid)
                .orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
    }

    private static Task taskOf(Task task, int pid, int tid) {
        if (pid <= 0 || tid <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Task found = taskOf(task, tid);
        if (found.group().pid() != pid) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return found;
    }

    private static void sendToTask(Task sender, Task target, int number, SignalInfo info) {
        requirePermission(sender, target.group(), number);
        if (number != 0 && !target.signals().send(info)) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }

    /** {@code check_kill_permission}. */
    private static void requirePermission(Task sender, ThreadGroup target, int number) {
        if (number != 0 && !Signal.isValid(number)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (target == sender.group()) {
            return;
        }
        Optional<Task> task = target.tasks().stream().findFirst();
        boolean may =
                task.isEmpty()
                        || CrossProcessAccess.maySignal(
                                sender.credentials(), task.get().credentials())
                        || (number == Signal.SIGCONT.number()
                                && sender.kernel()
                                        .processes()
                                        .areInOneSession(sender.group(), target));
        if (!may) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    private static SignalInfo info(Task sender, int number, int code) {
        Signal signal = Signal.isValid(number) ? Signal.of(number) : Signal.SIGKILL;
        return SignalInfo.sentBy(
                signal, code, sender.group().pid(), sender.credentials().uids().real());
    }
}
