package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.signal.AlternateStack;

/**
 * Puts a program in the place of the one that a process runs: execve(2), mirroring fs/exec.c.
 *
 * <p>Linux gives the old program up before the new one is loaded; here it is loaded first, so that
 * there is nothing to give up until nothing can fail any more.
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
     * Loads a program and runs it in a process of which the task is the only one then; by its own
     * thread.
     *
     * @throws ErrnoException as execve(2); EAGAIN if the process ends, or another task of it
     *     executes a program
     */
    void execute(Task task, ProgramLoader.Request request) {
        ProgramLoader.Loaded program;
        try {
            program = new ProgramLoader(kernel).load(task.caller(), request);
        } catch (LoadFailureException e) {
            task.group().exit(ThreadGroup.killedBy(Signal.SIGSEGV));
            throw ErrnoException.of(e.errno());
        }
        begin(task, program);
    }

    private void begin(Task task, ProgramLoader.Loaded program) {
        ThreadGroup group = task.group();
        if (!group.endOthers(task)) {
            program.image().close();
            throw ErrnoException.of(Errno.EAGAIN);
        }
        table.becomeLeader(task);
        // Before anybody can find the new memory, who may look into it is decided.
        task.becomeAfterExec(program.identity());
        replaceResources(task, program);
        synchronized (table.treeLock) {
            ProcessLinks links = group.links();
            links.executions++;
            links.executed = true;
            links.exitSignal = ProcessLinks.SIGCHLD;
        }
        group.resetActions();
        group.timers().deleteForExec();
        task.signals().setAlternateStack(AlternateStack.NONE);
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
                new TaskResources(program.image(), files, before.fs(), before.credentials()));
        if (shared) {
            before.files().close();
        }
        files.closeOnExec();
        before.image().close();
        task.endVfork();
    }
}
