package dev.plinth.kernel.signal;

import dev.plinth.api.linux.Signal;

import java.util.Arrays;

/**
 * The actions of all signals; shared by the threads of a process, and by processes after
 * CLONE_SIGHAND. Linux calls it a {@code struct sighand_struct}.
 *
 * <p>Any thread may call any method; its lock is a leaf.
 */
public final class SignalActions {
    /** Guarded by this. */
    private final SignalAction[] actions = new SignalAction[Signal.COUNT + 1];

    /** Every signal has its default action. */
    public SignalActions() {
        Arrays.fill(actions, SignalAction.DEFAULT);
    }

    /** The same actions, to be changed apart from these. */
    public synchronized SignalActions copy() {
        SignalActions copy = new SignalActions();
        System.arraycopy(actions, 0, copy.actions, 0, actions.length);
        return copy;
    }

    /** The action of a signal. */
    public synchronized SignalAction get(Signal signal) {
        return actions[signal.number()];
    }

    /** Replaces the action of a signal. */
    public synchronized void set(Signal signal, SignalAction action) {
        actions[signal.number()] = action;
    }

    /** What execve(2) leaves: handled signals get their default, ignored ones stay ignored. */
    public synchronized void resetForExec() {
        for (int number = 1; number <= Signal.COUNT; number++) {
            if (actions[number].isHandled()) {
                actions[number] = SignalAction.DEFAULT;
            } else {
                actions[number] =
                        new SignalAction(actions[number].handler(), 0, 0, SignalSet.EMPTY);
            }
        }
    }

    /** What CLONE_CLEAR_SIGHAND leaves: handled signals get their default. */
    public synchronized void clearHandlers() {
        for (int number = 1; number <= Signal.COUNT; number++) {
            if (actions[number].isHandled()) {
                actions[number] = SignalAction.DEFAULT;
            }
        }
    }

    /** Whether a signal would be dropped, were it not blocked. */
    public boolean ignores(Signal signal) {
        SignalAction action = get(signal);
        return action.handler() == SignalAction.SIG_IGN
                || (action.handler() == SignalAction.SIG_DFL
                        && DefaultAction.of(signal) == DefaultAction.IGNORE);
    }
}
