package dev.plinth.kernel.signal;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.PendingSignalsState;
import dev.plinth.kernel.task.Task;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Signals that were sent and not yet delivered, to a thread or to a whole process. Guarded by the
 * process's signal lock.
 */
@SavedWith(Task.class)
public final class PendingSignals {
    /** The synchronous signals, which are delivered ahead of others (kernel/signal.c). */
    private static final long SYNCHRONOUS =
            SignalSet.of(Signal.SIGSEGV)
                    | SignalSet.of(Signal.SIGBUS)
                    | SignalSet.of(Signal.SIGILL)
                    | SignalSet.of(Signal.SIGTRAP)
                    | SignalSet.of(Signal.SIGFPE)
                    | SignalSet.of(Signal.SIGSYS);

    private final Deque<SignalInfo> queue = new ArrayDeque<>();
    private long set;

    /** What is saved of them. */
    public PendingSignalsState save() {
        PendingSignalsState.Builder state = PendingSignalsState.newBuilder().setSet(set);
        queue.forEach(info -> state.addQueue(info.save()));
        return state.build();
    }

    /** Becomes what was saved; for one in which nothing is pending. */
    public void restore(PendingSignalsState state) {
        set = state.getSet();
        state.getQueueList().stream()
                .map(SignalInfo::restore)
                .forEach(info -> {
                    queue.add(info);
                    set |= SignalSet.of(info.signal());
                });
    }

    /** Which signals are pending. */
    public long set() {
        return set;
    }

    /** How many signals are queued with what is told of them. */
    public int size() {
        return queue.size();
    }

    /**
     * Adds a signal: a real-time one queues, any other merges with one that is pending already;
     * {@code __send_signal_locked} of kernel/signal.c.
     *
     * @param room whether one more may be queued, as RLIMIT_SIGPENDING says. Without room a signal
     *     is pending all the same, and nothing is told of it
     * @return false for a real-time signal that needs room, for it carries a value, and has none
     */
    public boolean add(SignalInfo info, boolean room) {
        Signal signal = info.signal();
        if (!signal.isRealTime() && SignalSet.contains(set, signal)) {
            return true;
        }
        boolean mayExceed = !signal.isRealTime() && info.code() >= 0;
        if (room || mayExceed) {
            queue.add(info);
        } else if (signal.isRealTime() && info.code() != SignalInfo.SI_USER) {
            return false;
        }
        set |= SignalSet.of(signal);
        return true;
    }

    /**
     * Adds a signal of a timer, which has a place of its own in the queue; {@code
     * posixtimer_send_sigqueue}.
     */
    public void addOfTimer(SignalInfo info) {
        queue.add(info);
        set |= SignalSet.of(info.signal());
    }

    /** Drops what is pending from a timer. */
    public void removeTimer(int id) {
        for (SignalInfo info : List.copyOf(queue)) {
            if (info.code() == SignalInfo.SI_TIMER && info.pid() == id) {
                queue.remove(info);
                boolean another = queue.stream().anyMatch(left -> left.signal() == info.signal());
                set &= another ? -1 : ~SignalSet.of(info.signal());
            }
        }
    }

    /**
     * Takes the next signal to deliver: synchronous ones first, then by ascending number, those of
     * one number in the order in which they were sent.
     *
     * @param blocked signals that are left pending
     */
    public Optional<SignalInfo> take(long blocked) {
        long eligible = set & ~blocked;
        if (eligible == SignalSet.EMPTY) {
            return Optional.empty();
        }
        long preferred = (eligible & SYNCHRONOUS) != 0 ? eligible & SYNCHRONOUS : eligible;
        return Optional.of(removeFirst(Signal.of(Long.numberOfTrailingZeros(preferred) + 1)));
    }

    /** Drops every pending instance of the signals in a set. */
    public void discard(long discarded) {
        queue.removeIf(info -> SignalSet.contains(discarded, info.signal()));
        set &= ~discarded;
    }

    private SignalInfo removeFirst(Signal signal) {
        SignalInfo found = null;
        boolean another = false;
        for (Iterator<SignalInfo> it = queue.iterator(); it.hasNext(); ) {
            SignalInfo info = it.next();
            if (info.signal() != signal) {
                continue;
            }
            if (found == null) {
                found = info;
                it.remove();
            } else {
                another = true;
                break;
            }
        }
        if (!another) {
            set &= ~SignalSet.of(signal);
        }
        return found == null ? SignalInfo.sentBy(signal, SignalInfo.SI_USER, 0, 0) : found;
    }
}
