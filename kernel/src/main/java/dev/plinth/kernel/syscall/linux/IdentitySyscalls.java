package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;

import java.util.List;

/** Which task it is: the numbers of processes and threads. */
final class IdentitySyscalls implements SyscallFamily {
    private static final String ONE_PROCESS =
            "there is one process yet, number 1 and its own leader";

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("getpid", IdentitySyscalls::getpid),
                supported("gettid", IdentitySyscalls::gettid),
                supported("getppid", IdentitySyscalls::getppid),
                partial("getpgrp", ONE_PROCESS, IdentitySyscalls::getpid),
                partial("getpgid", ONE_PROCESS, IdentitySyscalls::ofProcess, INT),
                partial("getsid", ONE_PROCESS, IdentitySyscalls::ofProcess, INT));
    }

    private static long getpid(Task task, SyscallArguments arguments) {
        return task.group().pid();
    }

    private static long getppid(Task task, SyscallArguments arguments) {
        return task.group().parentPid(task.kernel().processes());
    }

    private static long gettid(Task task, SyscallArguments arguments) {
        return task.tid();
    }

    private static long ofProcess(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        if (pid != 0 && task.kernel().process(pid).isEmpty()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return task.group().pid();
    }
}
