package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ProcessTable;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.ThreadGroup;

import java.util.List;

/** Process groups and sessions. */
final class ProcessGroupSyscalls implements SyscallFamily {
    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("setpgid", ProcessGroupSyscalls::setpgid, INT, INT),
                supported("getpgid", ProcessGroupSyscalls::getpgid, INT),
                supported("getpgrp", ProcessGroupSyscalls::getpgrp),
                supported("setsid", ProcessGroupSyscalls::setsid),
                supported("getsid", ProcessGroupSyscalls::getsid, INT));
    }

    private static long setpgid(Task task, SyscallArguments arguments) {
        table(task).setProcessGroup(task.group(), arguments.intAt(0), arguments.intAt(1));
        return 0;
    }

    private static long getpgid(Task task, SyscallArguments arguments) {
        return table(task).processGroupOf(process(task, arguments.intAt(0)));
    }

    private static long getpgrp(Task task, SyscallArguments arguments) {
        return table(task).processGroupOf(task.group());
    }

    private static long setsid(Task task, SyscallArguments arguments) {
        return table(task).startSession(task.group());
    }

    private static long getsid(Task task, SyscallArguments arguments) {
        return table(task).sessionOf(process(task, arguments.intAt(0)));
    }

    /** The process with a number, or that of the thread with it; the caller's for zero. */
    private static ThreadGroup process(Task task, int number) {
        return number == 0 ? task.group() : TaskNumbers.process(task, number);
    }

    private static ProcessTable table(Task task) {
        return task.kernel().processes();
    }
}
