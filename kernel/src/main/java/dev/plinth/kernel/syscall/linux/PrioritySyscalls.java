package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.HEX;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ProcessTable;
import dev.plinth.kernel.task.Task;

import java.util.List;
import java.util.Optional;

/** How nice tasks are to others, at the processor and at files: kept and shown. */
final class PrioritySyscalls implements SyscallFamily {
    private static final int PRIO_PROCESS = 0;
    private static final int PRIO_PGRP = 1;
    private static final int PRIO_USER = 2;
    private static final int LEAST_NICE = -20;
    private static final int MOST_NICE = 19;

    /** The kinds of ioprio_get(2) are those of getpriority(2), counted from one. */
    private static final int IOPRIO_WHO_PROCESS = 1;

    private static final int IOPRIO_CLASS_SHIFT = 13;
    private static final int IOPRIO_CLASS_NONE = 0;
    private static final int IOPRIO_CLASS_RT = 1;
    private static final int IOPRIO_CLASS_BE = 2;
    private static final int IOPRIO_CLASS_IDLE = 3;

    private static final String KEPT = "kept and shown; the host's scheduler decides";

    private static final ArgumentFormat IOPRIO_WHO =
            new NameFormat()
                    .with(1, "IOPRIO_WHO_PROCESS")
                    .with(2, "IOPRIO_WHO_PGRP")
                    .with(3, "IOPRIO_WHO_USER")
                    .family("IOPRIO_WHO_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "getpriority",
                        PrioritySyscalls::getpriority,
                        SystemFormats.PRIORITY_WHICH,
                        INT),
                partial(
                        "setpriority",
                        KEPT,
                        PrioritySyscalls::setpriority,
                        SystemFormats.PRIORITY_WHICH,
                        INT,
                        INT),
                supported("ioprio_get", PrioritySyscalls::ioprioGet, IOPRIO_WHO, INT),
                partial("ioprio_set", KEPT, PrioritySyscalls::ioprioSet, IOPRIO_WHO, INT, HEX));
    }

    /**
     * The tasks that two numbers name.
     *
     * @param who zero for the caller's own
     * @throws ErrnoException EINVAL for a kind that there is not; ESRCH if there are none
     */
    private static List<Task> targets(Task task, int which, int who) {
        ProcessTable table = task.kernel().processes();
        List<Task> found =
                switch (which) {
                    case PRIO_PROCESS ->
                            (who == 0 ? Optional.of(task) : table.task(who)).stream().toList();
                    case PRIO_PGRP -> {
                        int group = who == 0 ? table.processGroupOf(task.group()) : who;
                        yield task.kernel().tasks().stream()
                                .filter(other -> table.isInGroup(other.group(), group))
                                .toList();
                    }
                    case PRIO_USER -> {
                        int uid = who == 0 ? task.credentials().uids().real() : who;
                        yield task.kernel().tasks().stream()
                                .filter(other -> other.credentials().uids().real() == uid)
                                .toList();
                    }
                    default -> throw ErrnoException.of(Errno.EINVAL);
                };
        if (found.isEmpty()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return found;
    }

    /** The kernel's own convention: 20 less the nice value, so that it is never an error. */
    private static long getpriority(Task task, SyscallArguments arguments) {
        return targets(task, arguments.intAt(0), arguments.intAt(1)).stream()
                .mapToLong(target -> 20 - target.scheduling().nice())
                .max()
                .orElseThrow();
    }

    private static long setpriority(Task task, SyscallArguments arguments) {
        int nice = Math.clamp(arguments.intAt(2), LEAST_NICE, MOST_NICE);
        Optional<Errno> error = Optional.empty();
        for (Task target : targets(task, arguments.intAt(0), arguments.intAt(1))) {
            if (!SchedulingSyscalls.mayChange(task, target)) {
                error = Optional.of(Errno.EPERM);
            } else if (nice < target.scheduling().nice()
                    && !task.credentials().has(Capability.SYS_NICE)
                    && !SchedulingSyscalls.mayBeNice(target, nice)) {
                error = Optional.of(Errno.EACCES);
            } else {
                target.changeScheduling(before -> before.withNice(nice));
            }
        }
        if (error.isPresent()) {
            throw ErrnoException.of(error.get());
        }
        return 0;
    }

    private static long ioprioGet(Task task, SyscallArguments arguments) {
        int which = arguments.intAt(0) - IOPRIO_WHO_PROCESS;
        int best = 0;
        for (Task target : targets(task, which, arguments.intAt(1))) {
            int priority = target.scheduling().ioPriority();
            // The lower number is the better one, but none at all is the worst.
            best = best == 0 ? priority : priority == 0 ? best : Math.min(best, priority);
        }
        return best;
    }

    private static long ioprioSet(Task task, SyscallArguments arguments) {
        int priority = arguments.intAt(2);
        int level = priority & 7;
        switch (priority >> IOPRIO_CLASS_SHIFT & 7) {
            case IOPRIO_CLASS_NONE -> {
                if (level != 0) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
            }
            case IOPRIO_CLASS_RT -> {
                if (!task.credentials().has(Capability.SYS_NICE)
                        && !task.credentials().has(Capability.SYS_ADMIN)) {
                    throw ErrnoException.of(Errno.EPERM);
                }
            }
            case IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE -> {}
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        int which = arguments.intAt(0) - IOPRIO_WHO_PROCESS;
        for (Task target : targets(task, which, arguments.intAt(1))) {
            if (!SchedulingSyscalls.mayChange(task, target)) {
                throw ErrnoException.of(Errno.EPERM);
            }
            target.changeScheduling(before -> before.withIoPriority(priority & 0xffff));
        }
        return 0;
    }
}
