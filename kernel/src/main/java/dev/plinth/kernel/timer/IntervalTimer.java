package dev.plinth.kernel.timer;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.IntervalTimerState;
import dev.plinth.kernel.task.ThreadGroup;

import java.util.Optional;

/**
 * A timer that expires at a moment, and then again and again if it has an interval.
 *
 * <p>One with an interval goes on when it is {@link #taken}: whoever is told of its expiry says
 * when it has dealt with that, and is told how often it expired meanwhile. So an interval that is
 * too short for anyone costs nothing ({@code posixtimer_rearm} of kernel/time/posix-timers.c).
 *
 * <p>Lasting state: the clock, the moment of the next expiry, the interval, and whether an expiry
 * is yet to be taken. Any thread may call any method.
 */
@SavedWith(ThreadGroup.class)
public final class IntervalTimer {
    /** One that nobody takes goes on no faster than this. */
    private static final long LEAST_INTERVAL = 1_000_000;

    private final TimerQueue queue;
    private final TimerClock clock;
    private final Expiry expiry;

    private final Object timerLock = new Object();

    /** On the clock; zero while the timer is not set. */
    @GuardedBy("timerLock")
    private long expires;

    @GuardedBy("timerLock")
    private long interval;

    /** Whether it was set to a moment, not to a time from then on. */
    @GuardedBy("timerLock")
    private boolean absolute;

    /** Whether it expired and that was not taken yet. */
    @GuardedBy("timerLock")
    private boolean expired;

    @GuardedBy("timerLock")
    @NotSaved("follows from when it expires")
    private Optional<TimerQueue.Alarm> alarm = Optional.empty();

    /** How often it was set: an alarm of an earlier setting does nothing. */
    @GuardedBy("timerLock")
    @NotSaved("tells alarms apart, which are made anew")
    private long settings;

    /** Is told that a timer has expired. */
    public interface Expiry {
        /**
         * Does what the timer is there for; by the queue's thread.
         *
         * @return whether this is all, so that nobody will take it
         */
        boolean expired();
    }

    /**
     * What a timer is set to.
     *
     * @param left nanoseconds to the next expiry; zero if it is not set
     * @param interval nanoseconds between that and later ones; zero if there are none
     */
    public record Setting(long left, long interval) {
        /** Not set. */
        public static final Setting NONE = new Setting(0, 0);
    }

    public IntervalTimer(TimerQueue queue, TimerClock clock, Expiry expiry) {
        this.queue = requireNonNull(queue, "queue is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.expiry = requireNonNull(expiry, "expiry is null");
    }

    /** What is saved of it. */
    public IntervalTimerState save() {
        synchronized (timerLock) {
            return IntervalTimerState.newBuilder()
                    .setExpiresNanos(expires)
                    .setIntervalNanos(interval)
                    .setExpired(expired)
                    .setAbsolute(absolute)
                    .build();
        }
    }

    /**
     * Becomes what was saved, for one that was not set yet. It does not go on before {@link
     * #resume}.
     *
     * @param shift by how much the clock has gone on since, for those set to a time from then on
     */
    public void restore(IntervalTimerState state, long shift) {
        if (state.getExpiresNanos() < 0 || state.getIntervalNanos() < 0) {
            throw new IllegalArgumentException("a timer before its time");
        }
        synchronized (timerLock) {
            boolean shifted = !state.getAbsolute() && state.getExpiresNanos() != 0;
            expires =
                    shifted
                            ? Math.max(1, later(state.getExpiresNanos(), shift))
                            : state.getExpiresNanos();
            interval = state.getIntervalNanos();
            expired = state.getExpired();
            absolute = state.getAbsolute();
        }
    }

    /** Lets a timer go on that was restored. */
    public void resume() {
        synchronized (timerLock) {
            if (expires != 0 && !expired && alarm.isEmpty()) {
                startLocked(clock.now());
            }
        }
    }

    /** What it is set to. */
    public Setting setting() {
        synchronized (timerLock) {
            return settingLocked(clock.now());
        }
    }

    @GuardedBy("timerLock")
    private Setting settingLocked(long now) {
        if (expires == 0) {
            return new Setting(0, interval);
        }
        long next = expires;
        if (next <= now && interval > 0) {
            next = later(next, ((now - next) / interval + 1) * interval);
        }
        return new Setting(Math.max(1, next - now), interval);
    }

    /**
     * Sets it.
     *
     * @param value to the next expiry; zero to stop it
     * @param newInterval between that and later ones; zero for none
     * @param isAbsolute whether the value is a moment on the clock rather than a time from now
     * @return what it was set to
     */
    public Setting set(long value, long newInterval, boolean isAbsolute) {
        synchronized (timerLock) {
            long now = clock.now();
            Setting before = settingLocked(now);
            stopLocked();
            settings++;
            expired = false;
            interval = newInterval;
            absolute = isAbsolute;
            if (value == 0) {
                expires = 0;
            } else {
                long moment = isAbsolute ? value : now + value;
                expires = moment <= 0 ? Long.MAX_VALUE : moment;
                startLocked(now);
            }
            return before;
        }
    }

    @GuardedBy("timerLock")
    private void startLocked(long now) {
        long setting = settings;
        long left = expires - now;
        long wait = left <= 0 ? 0 : clock.waitFor(left);
        alarm = Optional.of(queue.schedule(wait, () -> ring(setting)));
    }

    @GuardedBy("timerLock")
    private void stopLocked() {
        alarm.ifPresent(queue::cancel);
        alarm = Optional.empty();
    }

    private void ring(long setting) {
        synchronized (timerLock) {
            if (setting != settings || expires == 0) {
                return;
            }
            long now = clock.now();
            if (now < expires) {
                startLocked(now);
                return;
            }
            expired = true;
            alarm = Optional.empty();
            if (interval == 0) {
                expires = 0;
            }
        }
        if (expiry.expired()) {
            goOn(setting);
        }
    }

    private void goOn(long setting) {
        synchronized (timerLock) {
            if (setting == settings && expired) {
                takenLocked(LEAST_INTERVAL);
            }
        }
    }

    /**
     * The last expiry was dealt with: the timer goes on if it has an interval.
     *
     * @return how often it expired since
     */
    public long taken() {
        synchronized (timerLock) {
            return expired ? takenLocked(0) : 0;
        }
    }

    @GuardedBy("timerLock")
    private long takenLocked(long least) {
        expired = false;
        if (interval == 0 || expires == 0) {
            return 0;
        }
        long now = clock.now();
        long missed = Math.max(0, (now - expires) / interval);
        expires = later(expires, (missed + 1) * interval);
        if (expires - now < least) {
            expires = later(expires, (least / interval + 1) * interval);
        }
        startLocked(now);
        return missed;
    }

    /** A moment after another one; what the clock cannot show is never. */
    private static long later(long moment, long nanos) {
        return nanos > Long.MAX_VALUE - moment ? Long.MAX_VALUE : moment + nanos;
    }
}
