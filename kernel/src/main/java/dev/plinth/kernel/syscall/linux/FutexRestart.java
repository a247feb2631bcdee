package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.futex.FutexAddress;
import dev.plinth.kernel.futex.FutexOutcome;
import dev.plinth.kernel.futex.FutexPlace;
import dev.plinth.kernel.futex.FutexWait;
import dev.plinth.kernel.futex.Futexes;
import dev.plinth.kernel.state.proto.FutexRestartState;
import dev.plinth.kernel.state.proto.RestartState;
import dev.plinth.kernel.task.RestartBlock;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Blocker;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A wait for one futex, perhaps one that goes on: {@code futex_wait_restart}.
 *
 * <p>Where only the stop of the world breaks it off it keeps its place in the queue, for others may
 * run yet: what they wake, count or move is as if there had been no stop.
 *
 * @param kind what is waited for
 * @param place where; with a ticket if it waited there before: then whatever the word holds now,
 *     but if others have run meanwhile
 * @param expected what the word is to hold, but for one who is to own it
 * @param target where a waiter is to be moved; the same as the place for others
 * @param limit as the call had it
 * @param woken whether the wait is over
 * @param kept the place that was kept
 */
record FutexRestart(
        Kind kind,
        FutexPlace place,
        int expected,
        FutexAddress target,
        Limit limit,
        boolean woken,
        Optional<FutexWait> kept)
        implements RestartBlock {
    /** What is waited for. */
    enum Kind {
        /** To be woken. */
        WAKE,
        /** To own the futex. */
        OWNERSHIP,
        /** To be moved to another futex, and to own that. */
        REQUEUE
    }

    /**
     * Until when a futex is waited for.
     *
     * @param moment on the monotonic clock, or {@link Blocker#NO_DEADLINE}
     * @param realtime whether it is one of the time of day instead, which may change meanwhile
     */
    record Limit(long moment, boolean realtime) {
        private long deadline(Task task) {
            return realtime
                    ? TimeArguments.deadlineAt(task, moment, task.kernel().clock().realtimeNanos())
                    : moment;
        }

        private boolean isForEver() {
            return !realtime && moment == Blocker.NO_DEADLINE;
        }
    }

    /** A wait that begins. */
    static FutexRestart first(
            Kind kind,
            FutexAddress address,
            int bitset,
            int expected,
            FutexAddress target,
            Limit limit) {
        FutexPlace place = new FutexPlace(address, bitset, FutexPlace.NO_TICKET);
        return new FutexRestart(kind, place, expected, target, limit, false, Optional.empty());
    }

    @Override
    public long restart(Task task) {
        if (woken) {
            return 0;
        }
        Optional<FutexWait> wait = kept.or(() -> begin(task));
        if (wait.isEmpty()) {
            return 0;
        }
        FutexOutcome outcome = wait.get().await(limit.deadline(task));
        return switch (outcome) {
            case WOKEN -> 0;
            case TIMED_OUT -> throw ErrnoException.of(Errno.ETIMEDOUT);
            case INTERRUPTED -> breakOff(task, wait.get());
        };
    }

    /** Enters the queue; empty if the futex is the task's own at once. */
    private Optional<FutexWait> begin(Task task) {
        Futexes futexes = task.kernel().futexes();
        // Late, as behind a stop of the process, others may have changed the word and woken nobody.
        boolean goesOn = place.ticket() != FutexPlace.NO_TICKET && task.call().precedesOthers();
        OptionalInt value = goesOn ? OptionalInt.empty() : OptionalInt.of(expected);
        return switch (kind) {
            case WAKE -> Optional.of(futexes.begin(task.futexCaller(), place, value));
            case OWNERSHIP -> futexes.pi().begin(task.futexCaller(), place);
            case REQUEUE ->
                    Optional.of(
                            futexes.pi().beginRequeue(task.futexCaller(), place, value, target));
        };
    }

    private long breakOff(Task task, FutexWait wait) {
        if (task.sleep().isDisturbedByStop()) {
            throw task.call()
                    .restartWith(
                            new FutexRestart(
                                    kind,
                                    place,
                                    expected,
                                    target,
                                    limit,
                                    false,
                                    Optional.of(wait)));
        }
        boolean moved = kind == Kind.REQUEUE && wait.isToOwn();
        if (wait.leave()) {
            return 0;
        }
        if (moved) {
            // It could not be made again: the word has changed.
            throw ErrnoException.of(Errno.EAGAIN);
        }
        if (kind != Kind.WAKE) {
            throw RestartException.of(RestartException.Kind.ALWAYS);
        }
        if (limit.isForEver()) {
            throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
        }
        throw task.call()
                .restartWith(first(kind, place.address(), place.bitset(), expected, target, limit));
    }

    @Override
    public OptionalLong giveUp() {
        if (woken) {
            return OptionalLong.of(0);
        }
        if (kept.isEmpty()) {
            return OptionalLong.empty();
        }
        boolean moved = kind == Kind.REQUEUE && kept.get().isToOwn();
        if (kept.get().leave()) {
            return OptionalLong.of(0);
        }
        return moved ? OptionalLong.of(-Errno.EAGAIN.number()) : OptionalLong.empty();
    }

    @Override
    public boolean isRepeatedAfterHandler(boolean handlerRestarts) {
        return kind != Kind.WAKE || (limit.isForEver() && handlerRestarts);
    }

    /** The word is not compared again, and whoever changes it wakes those that are in the queue. */
    @Override
    public boolean precedesOthers() {
        return !woken && kept.isEmpty() && place.ticket() != FutexPlace.NO_TICKET;
    }

    @Override
    public RestartState save() {
        FutexPlace now = kept.map(FutexWait::place).orElse(place);
        boolean owns = kind == Kind.OWNERSHIP || kept.filter(FutexWait::isToOwn).isPresent();
        FutexRestartState.Builder state =
                FutexRestartState.newBuilder()
                        .setAddress(now.address().value())
                        .setShared(now.address().shared())
                        .setExpected(expected)
                        .setBitset(now.bitset())
                        .setDeadlineNanos(limit.moment())
                        .setRealtime(limit.realtime())
                        .setTicket(now.ticket())
                        .setToOwn(owns)
                        .setWoken(woken || kept.filter(FutexWait::isWoken).isPresent());
        if (kind == Kind.REQUEUE && !owns) {
            state.setTarget(target.value());
        }
        return RestartState.newBuilder().setFutex(state).build();
    }

    /** Becomes what was saved. */
    static FutexRestart restore(FutexRestartState state) {
        FutexAddress address = new FutexAddress(state.getAddress(), state.getShared());
        Kind kind = Kind.WAKE;
        FutexAddress target = address;
        if (state.getToOwn()) {
            kind = Kind.OWNERSHIP;
        } else if (state.hasTarget()) {
            kind = Kind.REQUEUE;
            target = new FutexAddress(state.getTarget(), state.getShared());
        }
        return new FutexRestart(
                kind,
                new FutexPlace(address, state.getBitset(), state.getTicket()),
                state.getExpected(),
                target,
                new Limit(state.getDeadlineNanos(), state.getRealtime()),
                state.getWoken(),
                Optional.empty());
    }
}
