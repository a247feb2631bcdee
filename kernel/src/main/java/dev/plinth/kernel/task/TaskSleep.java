package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.WaitSet;

/**
 * How a task sleeps, and what ends its sleep early: a signal or a stop of the process, the stop of
 * the world, or, where it sleeps outside of calls, less than that.
 *
 * <p>What ended the sleep is decided once and kept until the call is over. The sleep itself is
 * {@link Task#blocker()}, which asks here. Confined to the task thread.
 */
@NotSaved("between calls it is what it is at first")
public final class TaskSleep {
    private final Task task;

    private Disturbance disturbance = Disturbance.SIGNAL;

    /** What the last wait of the call was broken off for. */
    private boolean disturbedByStop;

    /** What ends a sleep early, beside the stop of the world. */
    private enum Disturbance {
        /** A signal that is to be delivered, a stop, or the end of the task. */
        SIGNAL,
        /** A signal that ends the process without a word, or the end of the task. */
        FATAL_SIGNAL,
        /** The end of the task. */
        END,
        /** Nothing, not even the stop of the world. */
        NOTHING
    }

    TaskSleep(Task task) {
        this.task = requireNonNull(task, "task is null");
    }

    /**
     * Whether a call that sleeps is to be broken off: a signal, a stop of the process or of the
     * world, or the end of the task.
     */
    public boolean isInterrupted() {
        return isInterruptedBySignal() || isInterruptedByStop();
    }

    private boolean isInterruptedBySignal() {
        return switch (disturbance) {
            case SIGNAL -> task.isSignalled();
            case FATAL_SIGNAL -> task.isToEnd();
            case END -> task.isEnding();
            case NOTHING -> false;
        };
    }

    private boolean isInterruptedByStop() {
        return disturbance != Disturbance.NOTHING && task.kernel().world().isStopping();
    }

    /**
     * Decides whether a call that waits until a moment is broken off, and for what. It is decided
     * once, for what becomes of the call must not depend on whether a signal comes or the stop of
     * the world is given up before the call has ended.
     *
     * <p>A stop of the world can wait if the moment has come, or else a call that the world stops
     * often for would never be over.
     *
     * @param deadline on the monotonic clock, or {@link Blocker#NO_DEADLINE}
     */
    public boolean isInterruptedBefore(long deadline) {
        boolean bySignal = isInterruptedBySignal();
        boolean byStop =
                !bySignal
                        && isInterruptedByStop()
                        && task.kernel().clock().monotonicNanos() < deadline;
        if (byStop || bySignal) {
            disturbedByStop = byStop;
        }
        return byStop || bySignal;
    }

    /**
     * Whether the call that the task is in was broken off for the stop of the world alone, which no
     * program is to notice: the call is to be made again, with the time that is left.
     */
    public boolean isDisturbedByStop() {
        return disturbedByStop;
    }

    /** The call is over for which something was decided. */
    void endCall() {
        disturbedByStop = false;
    }

    /** The task is about to sleep; not the world's own sleep, in which the task is in no call. */
    void tellWorld() {
        if (disturbance != Disturbance.NOTHING) {
            task.kernel().world().sleeps(task);
        }
    }

    /** Sleeps until a signal comes or the task ends. */
    public void untilInterrupted() {
        try (WaitSet nothing = task.blocker().newWaitSet()) {
            while (task.blocker().await(nothing, Blocker.NO_DEADLINE)
                    != Blocker.Outcome.INTERRUPTED) {}
        }
    }

    /**
     * Sleeps until a moment.
     *
     * @param deadline on the monotonic clock, or {@link Blocker#NO_DEADLINE}
     * @return whether it has come; if not, a signal came or the process ends
     */
    public boolean until(long deadline) {
        try (WaitSet nothing = task.blocker().newWaitSet()) {
            while (true) {
                switch (task.blocker().await(nothing, deadline)) {
                    case READY -> {}
                    case TIMED_OUT -> {
                        return true;
                    }
                    case INTERRUPTED -> {
                        return false;
                    }
                }
            }
        }
    }

    /** Sleeps until something in a set may have happened, or {@link Task#isToEnd}. */
    void killable(WaitSet set) {
        unless(Disturbance.FATAL_SIGNAL, set);
    }

    /** Sleeps until it is kicked or ends: a stopped task takes no signal, not even a fatal one. */
    void stopped(WaitSet nothing) {
        unless(Disturbance.END, nothing);
    }

    /** Sleeps until it is woken. */
    void undisturbed(WaitSet nothing) {
        unless(Disturbance.NOTHING, nothing);
    }

    private void unless(Disturbance only, WaitSet set) {
        disturbance = only;
        try {
            task.blocker().await(set, Blocker.NO_DEADLINE);
        } finally {
            disturbance = Disturbance.SIGNAL;
        }
    }
}
