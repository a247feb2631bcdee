package dev.plinth.kernel.state;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.proto.ObjectState;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.function.ToIntFunction;

/**
 * Has objects made that lie in chains, such as directories in directories, from the top down: a
 * guest decides how long a chain is, and the stack is only so deep. One for each kind of object, in
 * each restore.
 */
public final class TopDown {
    private final ToIntFunction<ObjectState> above;

    /** Objects that are made, or will be in a moment. */
    private final Set<Integer> seen = new HashSet<>();

    /**
     * For objects of a kind.
     *
     * @param above the number of the object that is needed to make one; zero at the top
     */
    public TopDown(ToIntFunction<ObjectState> above) {
        this.above = requireNonNull(above, "above is null");
    }

    /**
     * Has all objects made that lie above one: for its restorer, before it asks for the next.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if an object lies above itself
     */
    public void makeAbove(ObjectState object, StateReader reader, Class<?> type) {
        seen.add(object.getNumber());
        Deque<Integer> chain = new ArrayDeque<>();
        int at = above.applyAsInt(object);
        while (at != 0 && seen.add(at)) {
            chain.push(at);
            at = above.applyAsInt(reader.state(at));
        }
        for (int reference : chain) {
            reader.get(reference, type);
        }
    }
}
