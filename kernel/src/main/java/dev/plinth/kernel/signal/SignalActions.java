package dev.plinth.kernel.signal;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.SignalActionsState;

import java.util.Arrays;

/**
 * The actions of all signals; shared by the threads of a process, and by processes after
 * CLONE_SIGHAND. Linux calls it a {@code struct sighand_struct}.
 *
 * <p>Any thread may call any method; its lock is a leaf.
 */
public final class SignalActions implements Stateful {
    /** Guarded by this. */
    private final SignalAction[] actions = new SignalAction[Signal.COUNT + 1];

    /** Every signal has its default action. */
    public SignalActions() {
        Arrays.fill(actions, SignalAction.DEFAULT);
    }

    /** Makes actions again that were saved. */
    public static void restoring(Restorers restorers) {
        restorers.add(KindCase.SIGNAL_ACTIONS, SignalActions::restore);
    }

    private static SignalActions restore(ObjectState object, StateReader reader) {
        SignalActionsState state = object.getSignalActions();
        if (state.getActionsCount() != Signal.COUNT) {
            throw StateReader.corrupt(state.getActionsCount() + " actions of signals");
        }
        SignalActions restored = new SignalActions();
        for (int number = 1; number <= Signal.COUNT; number++) {
            restored.actions[number] = SignalAction.restore(state.getActions(number - 1));
        }
        return restored;
    }

    @Override
    public synchronized ObjectState.Builder saveState(StateWriter writer) {
        SignalActionsState.Builder state = SignalActionsState.newBuilder();
        for (int number = 1; number <= Signal.COUNT; number++) {
            state.addActions(actions[number].save());
        }
        return ObjectState.newBuilder().setSignalActions(state);
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
