package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.PosixTimerState;
import dev.plinth.kernel.timer.IntervalTimer;
import dev.plinth.kernel.timer.TimerClock;
import dev.plinth.kernel.timer.TimerQueue;

import java.util.Optional;

/**
 * A timer that timer_create(2) made.
 *
 * <p>Lasting state: its number, its clock, its event, its interval timer, and the last overrun.
 */
@SavedWith(ThreadGroup.class)
public final class PosixTimer {
    private final ThreadGroup group;
    private final int id;
    private final Event event;
    private final TimerClock clock;
    private final IntervalTimer timer;

    private final Object overrunLock = new Object();

    @GuardedBy("overrunLock")
    private int overrun;

    /**
     * What a timer does when it expires: {@code struct sigevent}.
     *
     * @param signal that it sends; empty for none
     * @param task that gets it; empty for any of the process
     * @param value that is told with it
     */
    public record Event(Optional<Signal> signal, Optional<Task> task, long value) {
        public Event {
            requireNonNull(signal, "signal is null");
            requireNonNull(task, "task is null");
        }
    }

    PosixTimer(ThreadGroup group, int id, Event event, TimerQueue queue, TimerClock clock) {
        this.group = requireNonNull(group, "group is null");
        this.id = id;
        this.event = requireNonNull(event, "event is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.timer = new IntervalTimer(queue, clock, this::expired);
    }

    /** What is saved of it. */
    PosixTimerState save(Kernel kernel, StateWriter writer) {
        return PosixTimerState.newBuilder()
                .setId(id)
                .setClock(SavedClock.save(clock, kernel, writer))
                .setSignal(event.signal().map(Signal::number).orElse(0))
                .setTaskRef(writer.reference(event.task()))
                .setValue(event.value())
                .setTimer(timer.save())
                .setOverrun(overrun())
                .build();
    }

    /** A timer that was saved; it does not go on before {@link #resume}. */
    static PosixTimer restore(
            PosixTimerState state, Kernel kernel, ThreadGroup group, StateReader reader) {
        Event event =
                new Event(
                        SavedClock.signal(state.getSignal()),
                        reader.find(state.getTaskRef(), Task.class),
                        state.getValue());
        TimerClock clock = SavedClock.restore(state.getClock(), kernel, reader);
        PosixTimer timer = new PosixTimer(group, state.getId(), event, kernel.timers(), clock);
        timer.timer.restore(state.getTimer(), SavedClock.shift(state.getClock(), kernel, reader));
        synchronized (timer.overrunLock) {
            timer.overrun = state.getOverrun();
        }
        return timer;
    }

    /** Goes on, after it was restored. */
    void resume() {
        timer.resume();
    }

    /** The number, which is the process's own. */
    public int id() {
        return id;
    }

    /** What it is set to. */
    public IntervalTimer.Setting setting() {
        return timer.setting();
    }

    /** Sets it, as {@link IntervalTimer#set}. A signal that is pending for it is dropped. */
    public IntervalTimer.Setting set(long value, long interval, boolean absolute) {
        IntervalTimer.Setting before = timer.set(0, 0, false);
        // Before it is set anew: what that sends at once is to stay.
        group.discardTimer(id);
        timer.set(value, interval, absolute);
        return before;
    }

    /** How often it expired beyond the signal that was delivered last. */
    public int overrun() {
        synchronized (overrunLock) {
            return overrun;
        }
    }

    private boolean expired() {
        if (event.signal().isEmpty()) {
            return true;
        }
        SignalInfo info = SignalInfo.ofTimer(event.signal().get(), id, 0, event.value());
        return event.task().isPresent()
                ? !event.task().get().signals().sendOfTimer(info)
                : !group.sendOfTimer(info);
    }

    /** Its signal is being delivered: says what is to be told. */
    SignalInfo taken(SignalInfo info) {
        int missed = (int) Math.min(timer.taken(), Integer.MAX_VALUE);
        synchronized (overrunLock) {
            overrun = missed;
        }
        return SignalInfo.ofTimer(info.signal(), id, missed, event.value());
    }
}
