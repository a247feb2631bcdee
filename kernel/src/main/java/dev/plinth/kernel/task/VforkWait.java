package dev.plinth.kernel.task;

import dev.plinth.kernel.vfs.WaitQueue;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

/**
 * A parent's wait for the child that it lent its memory to: CLONE_VFORK.
 *
 * <p>Lasting state: whether it is over; the parent and the child have it.
 */
final class VforkWait {
    private final WaitQueue queue = new WaitQueue();
    private volatile boolean over;

    /** The child has given the memory up. Any thread. */
    void end() {
        over = true;
        queue.wake(Poll.POLLIN);
    }

    /**
     * Waits for that, or for the parent's own end; by the parent, which is in no call any more and
     * may be stopped here with all others.
     */
    void await(Task parent) {
        try (WaitSet set = parent.blocker().newWaitSet()) {
            set.add(queue, Poll.POLLIN);
            while (!over && !parent.isToEnd()) {
                parent.kernel().world().stopHere(parent);
                parent.sleepKillable(set);
            }
        }
    }
}
