package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.task.linux.Wait;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.Optional;

/** Waits for children: {@code do_wait} of kernel/exit.c. */
final class ChildWait {
    private final ProcessTable table;

    ChildWait(ProcessTable table) {
        this.table = requireNonNull(table, "table is null");
    }

    /**
     * Waits until something has happened to a child.
     *
     * @return what happened; empty if nothing has and the request has WNOHANG
     * @throws ErrnoException ECHILD if there is no such child
     * @throws RestartException if a signal came first
     */
    Optional<ChildEvent> await(Task task, WaitRequest request) {
        Optional<ChildEvent> event = take(task, request);
        if (event.isPresent() || request.has(Wait.WNOHANG)) {
            return event;
        }
        try (WaitSet set = task.blocker().newWaitSet()) {
            set.add(task.group().childEvents(), Poll.POLLIN);
            boolean interrupted = false;
            while (true) {
                // Also when a signal came: it may be the one that tells of the child.
                event = take(task, request);
                if (event.isPresent()) {
                    return event;
                }
                if (interrupted) {
                    throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
                }
                Blocker.Outcome outcome = task.blocker().await(set, Blocker.NO_DEADLINE);
                interrupted = outcome == Blocker.Outcome.INTERRUPTED;
            }
        }
    }

    private Optional<ChildEvent> take(Task task, WaitRequest request) {
        synchronized (table.treeLock) {
            boolean any = false;
            for (ThreadGroup child : task.group().links().children) {
                if (!request.concernsLocked(task, child)) {
                    continue;
                }
                any = true;
                Optional<ChildEvent> event = eventLocked(task, child, request);
                if (event.isPresent()) {
                    return event;
                }
            }
            if (!any) {
                throw ErrnoException.of(Errno.ECHILD);
            }
            return Optional.empty();
        }
    }

    private Optional<ChildEvent> eventLocked(Task task, ThreadGroup child, WaitRequest request) {
        ProcessLinks links = child.links();
        boolean keep = request.has(Wait.WNOWAIT);
        if (links.zombie.isPresent()) {
            if (!request.has(Wait.WEXITED)) {
                return Optional.empty();
            }
            ProcessLinks.Zombie zombie = links.zombie.get();
            if (!keep) {
                task.group().addChildUsage(zombie.usage());
                table.reapLocked(child);
            }
            return Optional.of(
                    new ChildEvent(
                            child.pid(),
                            zombie.uid(),
                            ChildEvent.codeOf(zombie.status()),
                            ChildEvent.valueOf(zombie.status()),
                            zombie.usage()));
        }
        if (request.has(Wait.WSTOPPED) && links.unreportedStop.isPresent()) {
            int signal = links.unreportedStop.get().number();
            if (!keep) {
                links.unreportedStop = Optional.empty();
            }
            return Optional.of(eventOf(child, Wait.CLD_STOPPED, signal));
        }
        if (request.has(Wait.WCONTINUED) && links.unreportedContinue) {
            if (!keep) {
                links.unreportedContinue = false;
            }
            return Optional.of(eventOf(child, Wait.CLD_CONTINUED, Signal.SIGCONT.number()));
        }
        return Optional.empty();
    }

    private static ChildEvent eventOf(ThreadGroup child, int code, int signal) {
        int uid = child.anyTask().map(each -> each.credentials().uids().real()).orElse(0);
        return new ChildEvent(
                child.pid(), uid, code, signal, child.usageOfEndedTasks().plus(child.childUsage()));
    }
}
