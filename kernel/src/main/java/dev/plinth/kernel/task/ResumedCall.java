package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.ResumedCallState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Blocker;

/**
 * What a system call goes on with that is made again because the world was stopped: the time that
 * it had left, and how much it had done. No program can tell then that it was broken off.
 *
 * <p>A call that has done a part of what it is to do says how much when the stop breaks it off,
 * each of its layers what that layer did. Made again it takes this, once, and begins behind it.
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
     * @param done how many bytes it has moved, of the message that it is at
     * @param messages how many whole messages it has sent or received before
     */
    private record Part(long duration, long deadline, long done, int messages) {
        private static final Part NONE = new Part(0, 0, 0, 0);

        Part withTime(long newDuration, long newDeadline) {
            return new Part(newDuration, newDeadline, done, messages);
        }

        Part withDone(long newDone, int newMessages) {
            return new Part(duration, deadline, newDone, newMessages);
        }
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
                        Math.max(0, state.getDone()),
                        Math.max(0, state.getMessages()));
    }

    /** What is saved of it. */
    ResumedCallState save() {
        return ResumedCallState.newBuilder()
                .setDurationNanos(before.duration)
                .setDeadlineNanos(before.deadline)
                .setDone(before.done)
                .setMessages(before.messages)
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
            before = before.withTime(0, 0);
        } else {
            long here = clock.monotonicNanos();
            deadline = nanos > Blocker.NO_DEADLINE - here ? Blocker.NO_DEADLINE : here + nanos;
        }
        now = now.withTime(nanos, deadline);
        return deadline;
    }

    /**
     * The program's time span becomes what is left of it, as select(2) does: if the call is made
     * again, that is what it is given, and it is over when it would have been.
     */
    public void leave(long nanos) {
        now = now.withTime(nanos, now.deadline);
    }

    /**
     * How many bytes the call had moved before it was broken off, of the message that it was at: to
     * be asked by whoever moves the first of them now, for they are told once.
     */
    public long takeDone() {
        long done = before.done;
        if (done > 0) {
            before = before.withDone(0, before.messages);
        }
        return done;
    }

    /** How many whole messages the call had moved before it was broken off; they are told once. */
    public int takeMessages() {
        int messages = before.messages;
        if (messages > 0) {
            before = before.withDone(before.done, 0);
        }
        return messages;
    }

    /**
     * The stop of the world breaks the call off when some bytes were moved, those of before among
     * them; a layer adds to what those below it have said.
     *
     * @return to be thrown
     */
    public RestartException breakOff(long done) {
        now = now.withDone(now.done + done, now.messages);
        return RestartException.of(RestartException.Kind.ALWAYS);
    }

    /**
     * The stop of the world breaks the call off when some messages were moved, those of before
     * among them, and perhaps a part of the next.
     *
     * @return to be thrown
     */
    public RestartException breakOffAfter(int messages) {
        now = now.withDone(now.done, messages);
        return RestartException.of(RestartException.Kind.ALWAYS);
    }

    /** Whether the call that is to be made again has done something already. */
    boolean isPartlyDone() {
        return before.done > 0 || before.messages > 0;
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

    /** The call is not made again after all, for a handler runs. */
    void drop() {
        before = Part.NONE;
    }
}
