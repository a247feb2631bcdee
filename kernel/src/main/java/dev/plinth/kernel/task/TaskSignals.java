package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.AlternateStack;
import dev.plinth.kernel.signal.DefaultAction;
import dev.plinth.kernel.signal.PendingSignals;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;

import java.util.Optional;
import java.util.OptionalLong;

/** The signals of one task: what it blocks, what is pending for it, where its handlers run. */
public final class TaskSignals {
    private final Task task;
    private final ThreadGroup group;

    @GuardedBy("group.signalLock")
    private final PendingSignals pending = new PendingSignals();

    /** Written by the task thread under the signal lock; read by anyone. */
    private volatile long blocked;

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
     */
    record Delivery(SignalInfo info, SignalAction action) {}

    /** The blocked signals. */
    public long blocked() {
        return blocked;
    }

    /** Replaces the set of blocked signals; by the task thread. */
    public void setBlocked(long set) {
        synchronized (group.signalLock) {
            blocked = set & ~SignalSet.UNBLOCKABLE;
        }
        if (hasDeliverable()) {
            task.kick();
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
        return (pendingSet() & ~blocked) != SignalSet.EMPTY;
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
                pending.discard(SignalSet.of(signal));
                group.sharedPending().discard(SignalSet.of(signal));
            }
            return before;
        }
    }

    /**
     * Sends a signal to this task.
     *
     * @return whether there was room for it, see {@link PendingSignals#add}
     */
    public boolean send(SignalInfo info) {
        synchronized (group.signalLock) {
            Signal signal = info.signal();
            if (group.actions().ignores(signal) && !SignalSet.contains(blocked, signal)) {
                return true;
            }
            long limit = group.limits().soft(ResourceLimits.RLIMIT_SIGPENDING);
            if (!pending.add(info, limit)) {
                return false;
            }
        }
        task.kick();
        return true;
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
                group.actions().set(signal, SignalAction.DEFAULT);
                blocked &= ~SignalSet.of(signal);
            }
            pending.add(info, Long.MAX_VALUE);
        }
        task.kick();
    }

    /**
     * Takes the next signal that the task does not block: its own first, then its process's. A
     * handler that is for one time is taken off.
     */
    Optional<Delivery> takeDeliverable() {
        synchronized (group.signalLock) {
            Optional<SignalInfo> taken = pending.take(blocked);
            if (taken.isEmpty()) {
                taken = group.sharedPending().take(blocked);
            }
            if (taken.isEmpty()) {
                return Optional.empty();
            }
            Signal signal = taken.get().signal();
            SignalAction action = group.actions().get(signal);
            if (action.isHandled() && action.has(SignalAction.SA_RESETHAND)) {
                group.actions().set(signal, SignalAction.DEFAULT);
            }
            return Optional.of(new Delivery(taken.get(), action));
        }
    }

    /** Takes a signal of a set, whether it is blocked or not, as sigtimedwait(2). */
    public Optional<SignalInfo> take(long set) {
        synchronized (group.signalLock) {
            Optional<SignalInfo> taken = pending.take(~set);
            return taken.isPresent() ? taken : group.sharedPending().take(~set);
        }
    }
}
