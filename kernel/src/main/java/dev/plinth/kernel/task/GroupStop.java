package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.DefaultAction;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.GroupStopState;
import dev.plinth.kernel.vfs.WaitSet;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * How a process is stopped and continued: {@code do_signal_stop} and {@code prepare_signal} of
 * kernel/signal.c.
 *
 * <p>A task whose process is to stop leaves what it does, as for any signal, and stays in {@link
 * #stopHere} until it is to go on. The last one to get there tells the parent.
 *
 * <p>Lasting state: whether the process is stopped, by which signal, and whether the parent was
 * told.
 */
@SuppressWarnings("GuardedBy") // Methods that end in Locked need the group's signal lock.
@SavedWith(ThreadGroup.class)
final class GroupStop {
    private final ThreadGroup group;

    /** Whether the process is stopped or about to; written under the group's signal lock. */
    private volatile Optional<Signal> stop = Optional.empty();

    /** Those of its tasks that do nothing. */
    @GuardedBy("group.signalLock")
    @NotSaved("tasks stop again when they go on")
    private final Set<Task> stopped = new HashSet<>();

    /** Whether the parent knows that the process is stopped. */
    @GuardedBy("group.signalLock")
    private boolean told;

    /** Whether the parent is to be told that the process goes on. */
    @GuardedBy("group.signalLock")
    private boolean continueUntold;

    /** How often SIGCONT was sent: a stop that is decided on before does not happen after it. */
    @GuardedBy("group.signalLock")
    private long continues;

    GroupStop(ThreadGroup group) {
        this.group = requireNonNull(group, "group is null");
    }

    /** What is saved of it; the world is stopped. */
    GroupStopState save() {
        return GroupStopState.newBuilder()
                .setSignal(stop.map(Signal::number).orElse(0))
                .setTold(told)
                .setContinueUntold(continueUntold)
                .setContinues(continues)
                .build();
    }

    /** Becomes what was saved, for a process that nobody knows yet. */
    void restore(GroupStopState state) {
        stop = SavedClock.signal(state.getSignal());
        told = state.getTold();
        continueUntold = state.getContinueUntold();
        continues = state.getContinues();
    }

    /** Whether the process is stopped or about to. Any thread. */
    boolean isStopping() {
        return stop.isPresent();
    }

    /** The signal by which the process is stopped, or about to be. Any thread. */
    Optional<Signal> signal() {
        return stop;
    }

    /** What {@link #begin} is to be given. */
    long continuesLocked() {
        return continues;
    }

    /**
     * Does what sending a signal does at once, be it blocked or ignored: the ones that stop and the
     * one that continues undo each other.
     */
    void prepareLocked(Signal signal) {
        if (signal == Signal.SIGCONT) {
            continues++;
            group.discardLocked(SignalSet.STOPPING);
            if (stop.isPresent()) {
                continueUntold = told;
                stop = Optional.empty();
                told = false;
                group.kickAllLocked();
            }
        } else if (DefaultAction.of(signal) == DefaultAction.STOP) {
            group.discardLocked(SignalSet.of(Signal.SIGCONT));
        }
    }

    /**
     * Stops the process, unless it was continued since the signal was taken.
     *
     * @param continuesBefore how often it had been continued when the signal was taken
     */
    void begin(Signal signal, long continuesBefore, JobControl jobs) {
        if (signal != Signal.SIGSTOP && jobs.isOrphaned(group)) {
            return;
        }
        synchronized (group.signalLock) {
            if (continues == continuesBefore && stop.isEmpty() && !group.isExiting()) {
                stop = Optional.of(signal);
                continueUntold = false;
                group.kickAllLocked();
            }
        }
    }

    /** Stays here as long as the process is stopped, and tells the parent; by a task's thread. */
    void stopHere(Task task, JobControl jobs) {
        if (stop.isPresent()) {
            try (WaitSet nothing = task.blocker().newWaitSet()) {
                while (isStoppedHere(task, jobs)) {
                    task.sleep().stopped(nothing);
                    // Takes wakes: whether the process is stopped is to be asked again behind it.
                    task.kernel().world().stopHere(task);
                }
            }
        }
        boolean tell;
        synchronized (group.signalLock) {
            tell = continueUntold;
            continueUntold = false;
        }
        if (tell) {
            jobs.continued(group);
        }
    }

    private boolean isStoppedHere(Task task, JobControl jobs) {
        boolean tell = false;
        synchronized (group.signalLock) {
            if (stop.isEmpty() || task.isEnding()) {
                stopped.remove(task);
                return false;
            }
            stopped.add(task);
            if (!told && stopped.containsAll(group.tasks())) {
                told = true;
                tell = true;
            }
        }
        if (tell) {
            jobs.stopped(group);
        }
        return true;
    }

    /** A task has ended: those that are stopped may be all there are. */
    void removeLocked(Task task) {
        stopped.remove(task);
        stopped.forEach(Task::kick);
    }
}
