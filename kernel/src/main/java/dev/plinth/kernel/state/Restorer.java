package dev.plinth.kernel.state;

import dev.plinth.kernel.state.proto.ObjectState;

/** Makes objects of one kind again. */
@FunctionalInterface
public interface Restorer {
    /**
     * Makes an object out of what was saved of it.
     *
     * <p>What it needs to be born is had from the reader at once; what refers back to it is linked
     * {@linkplain StateReader#later later}.
     *
     * @param state hostile: whoever wrote the image chose it
     * @param reader has other objects
     * @throws dev.plinth.kernel.error.SandboxException if the object cannot be made again
     */
    Object restore(ObjectState state, StateReader reader);
}
