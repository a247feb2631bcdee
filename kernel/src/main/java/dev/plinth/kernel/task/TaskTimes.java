package dev.plinth.kernel.task;

/**
 * How long a task has been at work, in its own instructions and in the kernel; sleep does not
 * count. It is measured by the clock, so that of a busy host too much is counted.
 *
 * <p>Changed by the task thread; read by anyone.
 *
 * <p>Lasting state: both times.
 */
final class TaskTimes {
    /** Odd while the task thread changes the rest; who finds it so reads again. */
    private volatile int version;

    private long userNanos;
    private long systemNanos;

    /** When the task went over to what it is doing now. */
    private long since = System.nanoTime();

    private boolean inGuest;

    /** How long it slept since then; confined to the task thread. */
    private long sleptNanos;

    /** What both times are at a moment. */
    record Times(long userNanos, long systemNanos) {}

    /** The guest is about to execute instructions. */
    void enterGuest() {
        change(true);
    }

    /** The guest has stopped executing instructions. */
    void leaveGuest() {
        change(false);
    }

    /** The task has slept, in a call that is not over. */
    void slept(long nanos) {
        sleptNanos += nanos;
    }

    // The version has one writer, so that counting it up needs no more than a volatile write.
    @SuppressWarnings("NonAtomicVolatileUpdate")
    private void change(boolean toGuest) {
        long now = System.nanoTime();
        version++;
        if (inGuest) {
            userNanos += now - since;
        } else {
            systemNanos += Math.max(0, now - since - sleptNanos);
        }
        sleptNanos = 0;
        since = now;
        inGuest = toGuest;
        version++;
    }

    /** The times until now; of a call that is not over, which may sleep, until its beginning. */
    Times now() {
        while (true) {
            int before = version;
            long user = userNanos;
            long system = systemNanos;
            long running = inGuest ? System.nanoTime() - since : 0;
            if ((before & 1) == 0 && before == version) {
                return new Times(user + Math.max(0, running), system);
            }
            Thread.onSpinWait();
        }
    }
}
