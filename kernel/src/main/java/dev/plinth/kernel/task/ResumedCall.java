package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.ResumedCallState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Blocker;

/**
 * What a system call goes on with that is made again because the world was stopped: the time that
 * it had left, and how much it had done. No program can tell then that it was broken off.
 *
 * <p>Confined to the task thread.
 *
 * <p>Lasting state: what the call that is to be made again goes on with.
 */
@SavedWith(Task.class)
public final class ResumedCall {
    private final Clock clock;

    /** For the call that is to be made again. */
    private Part before = Part.NONE;

    /** Of the call that the task is in. */
    @NotSaved("between calls there is none")
    private Part now = Part.NONE;

    /**
     * What one call has.
     *
     * @param duration the limit of time that the program gave, in nanoseconds; zero for none
     * @param deadline when it is over, on the monotonic clock
     * @param done how many bytes it has written
     */
    private record Part(long duration, long deadline, long done) {
        private static final Part NONE = new Part(0, 0, 0);
    }

    ResumedCall(Clock clock) {
        this.clock = requireNonNull(clock, "clock is null");
    }

    /** Becomes what was saved. */
    void restore(ResumedCallState state) {
        before =
                new Part(
                        state.getDurationNanos(),
                        state.getDeadlineNanos(),
                        Math.max(0, state.getDone()));
    }

    /** What is saved of it. */
    ResumedCallState save() {
        return ResumedCallState.newBuilder()
                .setDurationNanos(before.duration)
                .setDeadlineNanos(before.deadline)
                .setDone(before.done)
                .build();
    }

    /**
     * When a time span is over that a program gives a call, and that begins when the call does: in
     * one that is made again, that is when it was made first.
     *
     * @return on the monotonic clock, {@link Blocker#NO_DEADLINE} if that is as far as it goes
     */
    public long deadlineAfter(long nanos) {
        long deadline;
        if (before.duration == nanos && nanos != 0) {
            deadline = before.deadline;
            before = new Part(0, 0, before.done);
        } else {
            long here = clock.monotonicNanos();
            deadline = nanos > Blocker.NO_DEADLINE - here ? Blocker.NO_DEADLINE : here + nanos;
        }
        now = new Part(nanos, deadline, now.done);
        return deadline;
    }

    /**
     * The program's time span becomes what is left of it, as select(2) does: if the call is made
     * again, that is what it is given, and it is over when it would have been.
     */
    public void leave(long nanos) {
        now = new Part(nanos, now.deadline, now.done);
    }

    /** How many bytes the call wrote before it was broken off. */
    public long done() {
        return before.done;
    }

    /** The call is broken off when it has written some bytes, those of before among them. */
    public void breakOff(long done) {
        now = new Part(now.duration, now.deadline, done);
    }

    /**
     * The call is over.
     *
     * @param again whether it is to be made again
     */
    public void end(boolean again) {
        if (!before.equals(Part.NONE) || !now.equals(Part.NONE)) {
            before = again ? now : Part.NONE;
            now = Part.NONE;
        }
    }

    /**
     * The call is not made again after all, for a handler runs.
     *
     * @return how many bytes it wrote
     */
    long drop() {
        long done = before.done;
        before = Part.NONE;
        return done;
    }
}
