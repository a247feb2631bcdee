package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.task.linux.Wait;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.Optional;

/**
 * What stopping and going on means for others: the parent is told, and process groups that nobody
 * could continue any more are not left stopped.
 *
 * <p>Any thread may call any method. It takes the tree lock, so a caller holds no lock of the
 * package but that one; methods whose names end in {@code Locked} need it.
 */
final class JobControl {
    private final ProcessTable table;

    JobControl(ProcessTable table) {
        this.table = requireNonNull(table, "table is null");
    }

    /** All tasks of a process have stopped, as {@link ThreadGroup#stopSignal} says. */
    void stopped(ThreadGroup process) {
        synchronized (table.treeLock) {
            Optional<Signal> signal = process.stopSignal();
            if (signal.isEmpty()) {
                // It was continued meanwhile: the parent hears of that alone.
                return;
            }
            process.links().unreportedStop = signal;
            process.links().unreportedContinue = false;
            tellParentLocked(process, Wait.CLD_STOPPED, signal.get());
        }
    }

    /** A process that had stopped goes on. */
    void continued(ThreadGroup process) {
        synchronized (table.treeLock) {
            process.links().unreportedStop = Optional.empty();
            process.links().unreportedContinue = true;
            tellParentLocked(process, Wait.CLD_CONTINUED, Signal.SIGCONT);
        }
    }

    private static void tellParentLocked(ThreadGroup process, int code, Signal signal) {
        if (process.links().parent.isEmpty()) {
            return;
        }
        ThreadGroup parent = process.links().parent.get();
        SignalAction action = parent.action(Signal.SIGCHLD);
        if (action.handler() != SignalAction.SIG_IGN && !action.has(SignalAction.SA_NOCLDSTOP)) {
            int uid = process.credentials().map(each -> each.uids().real()).orElse(0);
            parent.send(
                    SignalInfo.ofChild(Signal.SIGCHLD, code, process.pid(), uid, signal.number()));
        }
        parent.childEvents().wake(Poll.POLLIN);
    }

    /**
     * Whether the group of a process is orphaned: no member has a parent outside of it in the same
     * session, who could continue it. The terminal's stop signals do nothing to such a group.
     */
    boolean isOrphaned(ThreadGroup process) {
        synchronized (table.treeLock) {
            return isOrphanedLocked(process.links().processGroup, Optional.empty());
        }
    }

    /** The same, with one member left out. */
    private static boolean isOrphanedLocked(ProcessGroup group, Optional<ThreadGroup> without) {
        for (ThreadGroup member : group.members()) {
            boolean counts = without.filter(member::equals).isEmpty() && !isZombie(member);
            if (counts && isTiedLocked(member, member.links().parent)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a parent is in the same session as a process, but in another group. */
    private static boolean isTiedLocked(ThreadGroup process, Optional<ThreadGroup> parent) {
        ProcessGroup group = process.links().processGroup;
        return parent.map(each -> each.links().processGroup)
                .filter(other -> other != group && other.session() == group.session())
                .isPresent();
    }

    private static boolean isZombie(ThreadGroup process) {
        return process.links().zombie.isPresent();
    }

    /**
     * A process has ended, or lost its parent: if that orphans its group, and members are stopped,
     * they get SIGHUP and SIGCONT.
     *
     * @param parent that it had
     * @param ended whether it has ended
     */
    void lostLocked(ThreadGroup process, Optional<ThreadGroup> parent, boolean ended) {
        ProcessGroup group = process.links().processGroup;
        boolean stopped =
                isTiedLocked(process, parent)
                        && group.members().stream().anyMatch(ThreadGroup::isStopped)
                        && isOrphanedLocked(group, ended ? Optional.of(process) : Optional.empty());
        if (stopped) {
            for (ThreadGroup member : group.members()) {
                member.send(SignalInfo.fromKernel(Signal.SIGHUP));
                member.send(SignalInfo.fromKernel(Signal.SIGCONT));
            }
        }
    }
}
