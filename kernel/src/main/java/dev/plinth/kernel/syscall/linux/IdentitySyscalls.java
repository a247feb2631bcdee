package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;

import java.util.List;

/** Which task it is: the numbers of processes and threads. */
final class IdentitySyscalls implements SyscallFamily {
    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("getpid", IdentitySyscalls::getpid),
                supported("gettid", IdentitySyscalls::gettid),
                supported("getppid", IdentitySyscalls::getppid));
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
}
