package dev.plinth.kernel.signal;

import dev.plinth.api.linux.Signal;

import java.util.Arrays;

/** The actions of all signals; shared by the threads of a process. Guarded by its signal lock. */
public final class SignalActions {
    private final SignalAction[] actions = new SignalAction[Signal.COUNT + 1];

    /** Every signal has its default action. */
    public SignalActions() {
        Arrays.fill(actions, SignalAction.DEFAULT);
    }

    /** The action of a signal. */
    public SignalAction get(Signal signal) {
        return actions[signal.number()];
    }

    /** Replaces the action of a signal. */
    public void set(Signal signal, SignalAction action) {
        actions[signal.number()] = action;
    }

    /** What execve(2) leaves: handled signals get their default, ignored ones stay ignored. */
    public void resetForExec() {
        for (int number = 1; number <= Signal.COUNT; number++) {
            if (actions[number].isHandled()) {
                actions[number] = SignalAction.DEFAULT;
            } else {
                actions[number] =
                        new SignalAction(actions[number].handler(), 0, 0, SignalSet.EMPTY);
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
