package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.signal.AlternateStack;

/**
 * Puts a program that is loaded in the place of the one that a process runs: execve(2) from its
 * point of no return on, {@code begin_new_exec} of fs/exec.c.
 */
final class ProgramExecution {
    private final Kernel kernel;
    private final ProcessTable table;
    private final TaskExit exit;

    ProgramExecution(Kernel kernel, ProcessTable table, TaskExit exit) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.table = requireNonNull(table, "table is null");
        this.exit = requireNonNull(exit, "exit is null");
    }

    /**
     * Makes a task the only one of its process, and runs the program in it; by its own thread.
     *
     * @param program whose image becomes the task's, or is closed if this fails
     * @throws ErrnoException EAGAIN if the process ends, or another task of it executes a program
     */
    void begin(Task task, ProgramLoader.Loaded program) {
        ThreadGroup group = task.group();
        if (!group.endOthers(task)) {
            program.image().close();
            throw ErrnoException.of(Errno.EAGAIN);
        }
        table.becomeLeader(task);
        replaceResources(task, program);
        synchronized (table.treeLock) {
            ProcessLinks links = group.links();
            links.executions++;
            links.executed = true;
            links.exitSignal = ProcessLinks.SIGCHLD;
        }
        group.resetActions();
        task.signals().setAlternateStack(AlternateStack.NONE);
        group.settings().setDumpable(true);
        task.setName(program.name());
        program.start().applyTo(task.registers());
        VectorStates.reset(kernel.capabilities(), task.running().context());
    }

    private void replaceResources(Task task, ProgramLoader.Loaded program) {
        TaskResources before = task.resources();
        exit.leaveMemory(task);
        boolean shared = before.files().isShared();
        FdTable files = shared ? before.files().copy() : before.files();
        task.setResources(
                new TaskResources(program.image(), files, before.fs(), program.credentials()));
        if (shared) {
            before.files().close();
        }
        files.closeOnExec();
        before.image().close();
        task.endVfork();
    }
}
