package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.AlternateStack;
import dev.plinth.kernel.signal.DefaultAction;
import dev.plinth.kernel.signal.PendingSignals;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.TaskState;
import dev.plinth.kernel.vfs.Blocker;

import java.util.Optional;
import java.util.OptionalLong;

/** The signals of one task: what it blocks, what is pending for it, where its handlers run. */
@SavedWith(Task.class)
public final class TaskSignals {
    private final Task task;
    private final ThreadGroup group;

    @GuardedBy("group.signalLock")
    private final PendingSignals pending = new PendingSignals();

    /** Written by the task thread under the signal lock; read by anyone. */
    private volatile long blocked;

    /** Blocked but for the time of sigtimedwait(2). Like {@link #blocked}. */
    @NotSaved("between calls there are none")
    private volatile long awaited;

    /**
     * What the sigtimedwait(2) takes that the stop of the world broke off, when it is made again:
     * no handler gets it before. Like {@link #blocked}.
     */
    private volatile long kept;

    /** Confined to the task thread. The mask to go back to, once a handler has run or none will. */
    private OptionalLong savedBlocked = OptionalLong.empty();

    /** Confined to the task thread. */
    private AlternateStack alternateStack = AlternateStack.NONE;

    TaskSignals(Task task, ThreadGroup group) {
        this.task = requireNonNull(task, "task is null");
        this.group = requireNonNull(group, "group is null");
    }

    /**
     * A signal to deliver, with what the program wants done.
     *
     * @param info what is delivered
     * @param action as it was when the signal was taken
     * @param continues how often the process had been continued then
     */
    record Delivery(SignalInfo info, SignalAction action, long continues) {
        /** Tells the timer that sent it, if one did. */
        Delivery with(ProcessTimers timers) {
            return new Delivery(timers.taken(info), action, continues);
        }
    }

    /** Adds to what is saved of the task; the world is stopped. */
    @SuppressWarnings("GuardedBy")
    void save(TaskState.Builder state) {
        state.setBlocked(blocked).setPending(pending.save()).setKept(kept);
        state.setAlternateStack(alternateStack.save());
        savedBlocked.ifPresent(state::setSavedBlocked);
    }

    /** Becomes what was saved, for a task that nobody knows yet. */
    @SuppressWarnings("GuardedBy")
    void restore(TaskState state) {
        blocked = state.getBlocked() & ~SignalSet.UNBLOCKABLE;
        kept = state.getKept() & ~SignalSet.UNBLOCKABLE;
        pending.restore(state.getPending());
        alternateStack = AlternateStack.restore(state.getAlternateStack());
        savedBlocked =
                state.hasSavedBlocked()
                        ? OptionalLong.of(state.getSavedBlocked() & ~SignalSet.UNBLOCKABLE)
                        : OptionalLong.empty();
    }

    /** The blocked signals. */
    public long blocked() {
        return blocked;
    }

    /** The blocked signals, and those that would be if they were not waited for. */
    long blockedOrAwaited() {
        return blocked | awaited;
    }

    /** Replaces the set of blocked signals; by the task thread. */
    public void setBlocked(long set) {
        synchronized (group.signalLock) {
            setBlockedLocked(set & ~SignalSet.UNBLOCKABLE);
        }
        if (hasDeliverable()) {
            task.kick();
        }
    }

    @GuardedBy("group.signalLock")
    private void setBlockedLocked(long set) {
        long newly = set & ~blocked;
        blocked = set;
        if (newly != SignalSet.EMPTY) {
            group.retargetLocked(task, newly);
        }
    }

    /**
     * Replaces the set of blocked signals until the next signal is dealt with, as sigsuspend(2) and
     * ppoll(2) do; by the task thread.
     */
    public void setBlockedTemporarily(long set) {
        if (savedBlocked.isEmpty()) {
            savedBlocked = OptionalLong.of(blocked);
        }
        setBlocked(set);
    }

    /** The mask that a signal frame keeps; the temporary one, if any, is over. */
    long takeBlockedToRestore() {
        long mask = savedBlocked.orElse(blocked);
        savedBlocked = OptionalLong.empty();
        return mask;
    }

    /**
     * Ends a temporary mask without a handler, if there is one; by the task thread. A call that set
     * one does so itself unless a signal broke it off.
     */
    public void restoreBlocked() {
        if (savedBlocked.isPresent()) {
            setBlocked(takeBlockedToRestore());
        }
    }

    /** The alternate stack; by the task thread. */
    public AlternateStack alternateStack() {
        return alternateStack;
    }

    /**
     * Replaces the alternate stack as a program asks for it, {@code do_sigaltstack}; by the task
     * thread.
     *
     * @return what is wrong with it, if anything: EPERM while the program is on the one there is,
     *     EINVAL, or ENOMEM if it is too small
     */
    public Optional<Errno> changeAlternateStack(AlternateStack wanted, long stackPointer) {
        if (!alternateStack.isDisabled() && alternateStack.holds(stackPointer)) {
            return Optional.of(Errno.EPERM);
        }
        int mode = wanted.flags() & ~AlternateStack.SS_AUTODISARM;
        int disarm = wanted.flags() & AlternateStack.SS_AUTODISARM;
        if (mode == AlternateStack.SS_DISABLE) {
            alternateStack = new AlternateStack(0, wanted.flags(), 0);
            return Optional.empty();
        }
        if (mode != 0 && mode != AlternateStack.SS_ONSTACK) {
            return Optional.of(Errno.EINVAL);
        }
        if (Long.compareUnsigned(wanted.size(), AlternateStack.MIN_BYTES) < 0) {
            return Optional.of(Errno.ENOMEM);
        }
        alternateStack = new AlternateStack(wanted.base(), disarm, wanted.size());
        return Optional.empty();
    }

    /** Replaces the alternate stack; by the task thread. */
    public void setAlternateStack(AlternateStack stack) {
        alternateStack = stack;
    }

    /** The signals that are pending for this task or its process. */
    public long pendingSet() {
        synchronized (group.signalLock) {
            return pending.set() | group.sharedPending().set();
        }
    }

    /** The signals that are pending for this task alone. */
    long ownPendingSet() {
        synchronized (group.signalLock) {
            return pending.set();
        }
    }

    /** The signals that are pending for the process. */
    long sharedPendingSet() {
        synchronized (group.signalLock) {
            return group.sharedPending().set();
        }
    }

    /** Whether a signal is pending that the task does not block. */
    public boolean hasDeliverable() {
        return (pendingSet() & ~(blocked | kept)) != SignalSet.EMPTY;
    }

    /**
     * Whether a signal is pending that will end the process without a word: what Linux acts on at
     * once, even if the task sleeps where nothing else can disturb it.
     */
    boolean hasFatal() {
        synchronized (group.signalLock) {
            long candidates = (pending.set() | group.sharedPending().set()) & ~blocked;
            while (candidates != SignalSet.EMPTY) {
                Signal signal = Signal.of(Long.numberOfTrailingZeros(candidates) + 1);
                boolean byDefault = group.actions().get(signal).handler() == SignalAction.SIG_DFL;
                if (byDefault && DefaultAction.of(signal) == DefaultAction.TERMINATE) {
                    return true;
                }
                candidates &= candidates - 1;
            }
            return false;
        }
    }

    /** The action of a signal. */
    public SignalAction action(Signal signal) {
        synchronized (group.signalLock) {
            return group.actions().get(signal);
        }
    }

    /**
     * Replaces the action of a signal, as sigaction(2): pending instances are dropped if they are
     * now ignored.
     *
     * @return the action of before
     */
    public SignalAction setAction(Signal signal, SignalAction action) {
        synchronized (group.signalLock) {
            SignalAction before = group.actions().get(signal);
            group.actions().set(signal, action);
            if (group.actions().ignores(signal)) {
                group.discardLocked(SignalSet.of(signal));
            }
            return before;
        }
    }

    /** How many signals are queued for this task alone. */
    @SuppressWarnings("GuardedBy") // by the caller
    int queuedLocked() {
        return pending.size();
    }

    /** Drops pending instances of signals that are for this task alone. */
    @SuppressWarnings("GuardedBy") // by the caller
    void discardLocked(long signals) {
        pending.discard(signals);
    }

    /**
     * Sends a signal to this task.
     *
     * @return whether there was room for it, see {@link PendingSignals#add}
     */
    public boolean send(SignalInfo info) {
        synchronized (group.signalLock) {
            if (!group.prepareLocked(info.signal())) {
                return true;
            }
            if (!pending.add(info, group.hasRoomLocked())) {
                return false;
            }
        }
        task.kick();
        return true;
    }

    /**
     * Sends a signal of a timer to this task, for which there is always room.
     *
     * @return false if it is ignored, or the task has ended
     */
    boolean sendOfTimer(SignalInfo info) {
        synchronized (group.signalLock) {
            if (task.isEnding() || !group.prepareLocked(info.signal())) {
                return false;
            }
            pending.addOfTimer(info);
        }
        task.kick();
        return true;
    }

    @SuppressWarnings("GuardedBy") // by the caller
    void removeTimerLocked(int id) {
        pending.removeTimer(id);
    }

    /**
     * Sends a signal that an instruction of the task raised: it cannot be ignored or blocked, and
     * kills where it is (force_sig_info of kernel/signal.c).
     */
    void force(SignalInfo info) {
        synchronized (group.signalLock) {
            Signal signal = info.signal();
            SignalAction action = group.actions().get(signal);
            boolean ignored = action.handler() == SignalAction.SIG_IGN;
            if (ignored || SignalSet.contains(blocked, signal)) {
                group.actions().set(signal, action.withDefaultHandler());
                blocked &= ~SignalSet.of(signal);
            }
            pending.add(info, true);
        }
        task.kick();
    }

    /**
     * Takes the next signal that the task does not block: its own first, then its process's. A
     * handler that is for one time is taken off.
     */
    Optional<Delivery> takeDeliverable() {
        return takeDeliverableAsSent().map(delivery -> delivery.with(group.timers()));
    }

    private Optional<Delivery> takeDeliverableAsSent() {
        synchronized (group.signalLock) {
            Optional<SignalInfo> taken = takeLocked(~(blocked | kept));
            if (taken.isEmpty()) {
                return Optional.empty();
            }
            Signal signal = taken.get().signal();
            SignalAction action = group.actions().get(signal);
            if (action.isHandled() && action.has(SignalAction.SA_RESETHAND)) {
                group.actions().set(signal, action.withDefaultHandler());
            }
            long continues = group.stop().continuesLocked();
            return Optional.of(new Delivery(taken.get(), action, continues));
        }
    }

    /**
     * Takes a signal of a set, whether it is blocked or not, and waits for one if there is none, as
     * sigtimedwait(2); by the task thread.
     *
     * @param deadline as {@link Blocker#await} takes it; in the past not to wait
     * @return empty if none came; then the deadline has passed, or a signal is to be delivered
     */
    public Optional<SignalInfo> await(long set, long deadline) {
        return awaitAsSent(set, deadline).map(group.timers()::taken);
    }

    private Optional<SignalInfo> awaitAsSent(long set, long deadline) {
        long wanted = set & ~SignalSet.UNBLOCKABLE;
        long before;
        synchronized (group.signalLock) {
            kept = SignalSet.EMPTY;
            Optional<SignalInfo> taken = takeLocked(wanted);
            if (taken.isPresent()) {
                return taken;
            }
            before = blocked;
            awaited = before & wanted;
            blocked = before & ~wanted;
        }
        try {
            task.sleep().until(deadline);
        } finally {
            synchronized (group.signalLock) {
                awaited = SignalSet.EMPTY;
                blocked = before;
            }
        }
        synchronized (group.signalLock) {
            Optional<SignalInfo> taken = takeLocked(wanted);
            if (taken.isEmpty() && task.sleep().isDisturbedByStop()) {
                kept = wanted;
            }
            group.retargetLocked(task, before);
            return taken;
        }
    }

    /** The call that waits for signals is not made again; by the task thread. */
    void keepNone() {
        // Every call comes by: a write that others are to see costs it more than a look.
        if (kept != SignalSet.EMPTY) {
            kept = SignalSet.EMPTY;
        }
    }

    @GuardedBy("group.signalLock")
    private Optional<SignalInfo> takeLocked(long set) {
        Optional<SignalInfo> taken = pending.take(~set);
        return taken.isPresent() ? taken : group.sharedPending().take(~set);
    }
}
