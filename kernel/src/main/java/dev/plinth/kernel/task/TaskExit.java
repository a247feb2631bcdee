package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.futex.FutexAddress;
import dev.plinth.kernel.futex.Futexes;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What is to be done when a task has ended: gives back what it had and tells whom it concerns.
 * Mirrors {@code do_exit} of kernel/exit.c.
 */
final class TaskExit {
    private final Kernel kernel;
    private final ProcessTable table;
    private final JobControl jobControl;

    TaskExit(Kernel kernel, ProcessTable table, JobControl jobControl) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.table = requireNonNull(table, "table is null");
        this.jobControl = requireNonNull(jobControl, "jobControl is null");
    }

    /** Ends a task; by its own thread, which runs no guest any more. */
    void end(Task task) {
        ResourceUsage usage = task.usage();
        task.call().giveUp();
        try (TaskResources _ = task.resources()) {
            leaveMemory(task);
        } catch (SandboxException e) {
            kernel.fail(e);
        } finally {
            task.endVfork();
            synchronized (table.treeLock) {
                endLocked(task, usage);
            }
            if (task.group().anyTask().isEmpty()) {
                task.group().timers().close();
            }
        }
    }

    /**
     * Tells those who wait for a futex that the task owns, or for the task to leave the memory that
     * it shares with them: {@code mm_release}. By its own thread.
     */
    void leaveMemory(Task task) {
        kernel.futexes().abandon(task.memory(), task.tid(), task.robustList());
        task.setRobustList(0);
        long address = task.clearChildTid();
        task.setClearChildTid(0);
        if (address != 0 && task.resources().image().isShared()) {
            clear(task, address);
        }
    }

    /** What cannot be written, or is no futex, is left alone: nobody could be told of an error. */
    private void clear(Task task, long address) {
        try {
            task.guestMemory().writeInt(address, 0);
            kernel.futexes().wake(task.memory(), new FutexAddress(address, true), 1, Futexes.ANY);
        } catch (ErrnoException e) {
            return;
        }
    }

    private void endLocked(Task task, ResourceUsage usage) {
        ThreadGroup group = task.group();
        ExitStatus status = task.ending().orElseThrow();
        boolean last = group.remove(task, usage);
        table.removeLocked(task);
        if (last) {
            // If each task ended by itself, the last one decides.
            ExitStatus ofGroup = group.exitStatus().orElse(status);
            group.exit(ofGroup);
            group.links().zombie =
                    Optional.of(
                            new ProcessLinks.Zombie(
                                    ofGroup,
                                    task.credentials(),
                                    group.usage().plus(group.childUsage())));
        }
        leaveChildrenLocked(task, last);
        if (last) {
            jobControl.lostLocked(group, group.links().parent, true);
            if (group.pid() == Kernel.INIT_PID) {
                kernel.killAll();
            }
            if (!group.links().parent.isPresent() || tellParentLocked(group)) {
                table.reapLocked(group);
            }
        }
    }

    /** Gives the children of a task to another of its process, or to who takes orphans. */
    private void leaveChildrenLocked(Task task, boolean last) {
        ThreadGroup group = task.group();
        List<ThreadGroup> children = new ArrayList<>(group.links().children);
        children.removeIf(
                child -> !last && child.links().parentTask.filter(task::equals).isEmpty());
        if (children.isEmpty()) {
            return;
        }
        Optional<ThreadGroup> heir = last ? heirLocked(group) : Optional.of(group);
        for (ThreadGroup child : children) {
            ProcessLinks links = child.links();
            links.parentTask = heir.flatMap(ThreadGroup::anyTask);
            sendDeathSignal(child);
            if (last) {
                group.links().children.remove(child);
                links.parent = heir;
                links.exitSignal = ProcessLinks.SIGCHLD;
                heir.ifPresent(parent -> {
                    links.parentExecutions = parent.links().executions;
                    parent.links().children.add(child);
                });
                jobControl.lostLocked(child, Optional.of(group), false);
                boolean untold = links.zombie.isPresent();
                if (untold && (heir.isEmpty() || tellParentLocked(child))) {
                    table.reapLocked(child);
                }
            }
        }
    }

    /** The nearest ancestor that takes orphans, or the first process; empty if that has ended. */
    private Optional<ThreadGroup> heirLocked(ThreadGroup group) {
        Optional<ThreadGroup> ancestor = group.links().parent;
        while (ancestor.isPresent()) {
            ProcessLinks links = ancestor.get().links();
            boolean takes =
                    ancestor.get().settings().isChildSubreaper()
                            || ancestor.get().pid() == Kernel.INIT_PID;
            if (takes && links.zombie.isEmpty()) {
                return ancestor;
            }
            ancestor = links.parent;
        }
        return Optional.empty();
    }

    private static void sendDeathSignal(ThreadGroup child) {
        for (Task task : child.tasks()) {
            int number = task.settings().parentDeathSignal();
            if (Signal.isValid(number)) {
                child.send(SignalInfo.sentBy(Signal.of(number), SignalInfo.SI_USER, 0, 0));
            }
        }
    }

    /**
     * Tells the parent of a process that has ended.
     *
     * @return whether the process is to be forgotten at once, because its parent does not care
     */
    private boolean tellParentLocked(ThreadGroup child) {
        ProcessLinks links = child.links();
        ThreadGroup parent = links.parent.orElseThrow();
        ProcessLinks.Zombie zombie = links.zombie.orElseThrow();
        int number = links.exitSignal;
        if (links.parentExecutions != parent.links().executions) {
            // The program that asked for another signal is not there any more.
            number = ProcessLinks.SIGCHLD;
        }
        boolean forget = false;
        boolean send = Signal.isValid(number);
        if (number == ProcessLinks.SIGCHLD) {
            SignalAction action = parent.action(Signal.SIGCHLD);
            boolean ignored = action.handler() == SignalAction.SIG_IGN;
            forget = ignored || action.has(SignalAction.SA_NOCLDWAIT);
            send = !ignored;
        }
        if (send) {
            parent.send(
                    SignalInfo.ofChild(
                            Signal.of(number),
                            ChildEvent.codeOf(zombie.status()),
                            child.pid(),
                            zombie.uid(),
                            ChildEvent.valueOf(zombie.status())));
        }
        parent.childEvents().wake(Poll.POLLIN);
        return forget;
    }
}
