package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.ProcessTable;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.ThreadGroup;

/** The tasks and processes that calls name by their numbers. */
final class TaskNumbers {
    private TaskNumbers() {}

    /**
     * The task with a number.
     *
     * @throws ErrnoException ESRCH
     */
    static Task task(Task caller, int tid) {
        return caller.kernel()
                .processes()
                .task(tid)
                .orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
    }

    /**
     * The task with a number; zero is the caller.
     *
     * @throws ErrnoException ESRCH
     */
    static Task taskOrSelf(Task caller, int tid) {
        return tid == 0 ? caller : task(caller, tid);
    }

    /**
     * The process with a number, which may be a zombie; that of a thread stands for its process.
     *
     * @throws ErrnoException ESRCH
     */
    static ThreadGroup process(Task caller, int number) {
        ProcessTable table = caller.kernel().processes();
        return table.process(number)
                .or(() -> table.task(number).map(Task::group))
                .orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
    }
}
