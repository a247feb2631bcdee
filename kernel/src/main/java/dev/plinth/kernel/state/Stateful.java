package dev.plinth.kernel.state;

import dev.plinth.kernel.state.proto.ObjectState;

/**
 * An object of the kernel that a checkpoint saves.
 *
 * <p>Each object is saved once, however many others refer to it.
 */
public interface Stateful {
    /**
     * What a checkpoint keeps of this object. The world is stopped.
     *
     * <p>Objects that it refers to are named by the numbers that {@link StateWriter#reference}
     * gives them.
     *
     * @param writer numbers other objects, and is told of the pages that this one has
     * @return with one kind set, and no number
     * @throws dev.plinth.kernel.error.SandboxException if the object is in a state that cannot be
     *     saved
     */
    ObjectState.Builder saveState(StateWriter writer);
}
