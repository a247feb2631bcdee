package dev.plinth.kernel.task;

import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.VforkWaitState;
import dev.plinth.kernel.vfs.WaitQueue;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

/**
 * A parent's wait for the child that it lent its memory to: CLONE_VFORK.
 *
 * <p>Lasting state: whether it is over; the parent and the child have it.
 */
final class VforkWait implements Stateful {
    private final WaitQueue queue = new WaitQueue();
    private volatile boolean over;

    static VforkWait restore(ObjectState object, StateReader reader) {
        VforkWait wait = new VforkWait();
        wait.over = object.getVforkWait().getOver();
        return wait;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder().setVforkWait(VforkWaitState.newBuilder().setOver(over));
    }

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
                parent.sleep().killable(set);
                // Takes wakes: whether the wait is over is to be asked again behind it.
                parent.kernel().world().stopHere(parent);
            }
        }
    }
}
