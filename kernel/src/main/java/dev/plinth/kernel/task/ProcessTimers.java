package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.PosixTimerState;
import dev.plinth.kernel.state.proto.ProcessTimersState;
import dev.plinth.kernel.timer.IntervalTimer;
import dev.plinth.kernel.timer.TimerClock;
import dev.plinth.kernel.timer.TimerQueue;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntFunction;

/**
 * The timers of a process. A child has none of them; execve(2) leaves those of setitimer(2).
 *
 * <p>Any thread may call any method, without the signal lock. The lock here is held while timers
 * are made, stands before theirs, and is never held while one is told of.
 */
@SavedWith(ThreadGroup.class)
public final class ProcessTimers {
    private final ThreadGroup group;
    private final CpuTimeLimit cpuTimeLimit;

    private final Object timersLock = new Object();

    @GuardedBy("timersLock")
    private final Map<Integer, PosixTimer> byId = new TreeMap<>();

    @GuardedBy("timersLock")
    private int nextId;

    @GuardedBy("timersLock")
    private final Map<Which, IntervalTimer> byWhich = new EnumMap<>(Which.class);

    /** The timers that setitimer(2) sets. */
    public enum Which {
        /** Real time: SIGALRM. */
        REAL(Signal.SIGALRM),
        /** Time in the process's own instructions: SIGVTALRM. */
        VIRTUAL(Signal.SIGVTALRM),
        /** That, and time in system calls: SIGPROF. */
        PROF(Signal.SIGPROF);

        private final Signal signal;

        Which(Signal signal) {
            this.signal = signal;
        }
    }

    ProcessTimers(ThreadGroup group) {
        this.group = requireNonNull(group, "group is null");
        this.cpuTimeLimit = new CpuTimeLimit(group);
    }

    /** What is saved of them. */
    ProcessTimersState save(Kernel kernel, StateWriter writer) {
        ProcessTimersState.Builder state = ProcessTimersState.newBuilder();
        synchronized (timersLock) {
            state.setNextId(nextId);
            byId.values().forEach(timer -> state.addTimers(timer.save(kernel, writer)));
            byWhich.forEach((which, timer) -> {
                switch (which) {
                    case REAL -> state.setReal(timer.save());
                    case VIRTUAL -> state.setVirtual(timer.save());
                    case PROF -> state.setProf(timer.save());
                }
            });
        }
        return state.build();
    }

    /** Becomes what was saved, for a process without timers. They do not go on yet. */
    void restore(ProcessTimersState state, Kernel kernel, StateReader reader) {
        if (state.hasReal()) {
            of(Which.REAL, kernel).restore(state.getReal(), 0);
        }
        if (state.hasVirtual()) {
            of(Which.VIRTUAL, kernel).restore(state.getVirtual(), 0);
        }
        if (state.hasProf()) {
            of(Which.PROF, kernel).restore(state.getProf(), 0);
        }
        synchronized (timersLock) {
            nextId = state.getNextId() & Integer.MAX_VALUE;
            for (PosixTimerState each : state.getTimersList()) {
                if (each.getId() < 0 || byId.containsKey(each.getId())) {
                    throw StateReader.corrupt("timer " + each.getId());
                }
                byId.put(each.getId(), PosixTimer.restore(each, kernel, group, reader));
            }
        }
    }

    /** Lets timers go on that were restored. */
    void resume(Kernel kernel) {
        applyCpuTimeLimit(kernel);
        synchronized (timersLock) {
            byId.values().forEach(PosixTimer::resume);
            byWhich.values().forEach(IntervalTimer::resume);
        }
    }

    /** Goes by RLIMIT_CPU as it is now. */
    public void applyCpuTimeLimit(Kernel kernel) {
        cpuTimeLimit.apply(kernel);
    }

    /**
     * Makes a timer.
     *
     * @param event what it does, by its number
     * @throws ErrnoException EAGAIN if there are too many
     */
    public PosixTimer create(
            TimerQueue queue, TimerClock clock, IntFunction<PosixTimer.Event> event) {
        synchronized (timersLock) {
            if (byId.size() >= group.limits().pendingSignals()) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
            while (byId.containsKey(nextId)) {
                nextId = nextId + 1 & Integer.MAX_VALUE;
            }
            int id = nextId;
            PosixTimer timer = new PosixTimer(group, id, event.apply(id), queue, clock);
            nextId = nextId + 1 & Integer.MAX_VALUE;
            byId.put(id, timer);
            return timer;
        }
    }

    /**
     * The timer with a number.
     *
     * @throws ErrnoException EINVAL if there is none
     */
    public PosixTimer get(int id) {
        return find(id).orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
    }

    private Optional<PosixTimer> find(int id) {
        synchronized (timersLock) {
            return Optional.ofNullable(byId.get(id));
        }
    }

    /**
     * Ends a timer.
     *
     * @throws ErrnoException EINVAL if there is none of the number
     */
    public void delete(int id) {
        PosixTimer timer = get(id);
        synchronized (timersLock) {
            byId.remove(id);
        }
        timer.set(0, 0, false);
    }

    /** The timer that setitimer(2) sets. */
    public IntervalTimer of(Which which, Kernel kernel) {
        synchronized (timersLock) {
            return byWhich.computeIfAbsent(which, key -> newTimer(key, kernel));
        }
    }

    private IntervalTimer newTimer(Which which, Kernel kernel) {
        TimerClock clock =
                switch (which) {
                    case REAL -> kernel.monotonicClock();
                    case VIRTUAL -> group.cpuClock(false);
                    case PROF -> group.cpuClock(true);
                };
        return new IntervalTimer(
                kernel.timers(),
                clock,
                () -> {
                    group.send(SignalInfo.fromKernel(which.signal));
                    // SIGALRM goes on when it is taken; the others cannot come faster than time
                    // is used.
                    return which != Which.REAL;
                });
    }

    /** A signal is being delivered: goes on with the timer that sent it, if one did. */
    SignalInfo taken(SignalInfo info) {
        if (info.signal() == Signal.SIGALRM) {
            Optional<IntervalTimer> real;
            synchronized (timersLock) {
                real = Optional.ofNullable(byWhich.get(Which.REAL));
            }
            real.ifPresent(IntervalTimer::taken);
        }
        if (info.code() != SignalInfo.SI_TIMER) {
            return info;
        }
        // Anybody may send a signal that looks like a timer's.
        return find(info.pid()).map(timer -> timer.taken(info)).orElse(info);
    }

    /** Ends the timers that execve(2) does not leave. */
    void deleteForExec() {
        List<PosixTimer> ended;
        synchronized (timersLock) {
            ended = new ArrayList<>(byId.values());
            byId.clear();
            nextId = 0;
        }
        ended.forEach(timer -> timer.set(0, 0, false));
    }

    /** Ends all timers: the process has ended. */
    void close() {
        cpuTimeLimit.close();
        deleteForExec();
        List<IntervalTimer> ended;
        synchronized (timersLock) {
            ended = new ArrayList<>(byWhich.values());
            byWhich.clear();
        }
        ended.forEach(timer -> timer.set(0, 0, false));
    }
}
