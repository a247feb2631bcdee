package dev.plinth.kernel.state;

import dev.plinth.kernel.state.proto.ObjectState;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/**
 * Splits what an object has, of which there may be very much, into objects of their own: a message
 * is only so long. Stateless.
 */
public final class Portions {
    private static final int LENGTH = 1 << 16;

    private Portions() {}

    /** Some of what an object has. */
    @NotSaved("made to save something else")
    private record Portion(ObjectState.Builder state) implements Stateful {
        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            return state;
        }
    }

    /**
     * The numbers of objects that have all elements together, in their order.
     *
     * @param saving what is saved of some of them
     */
    public static <E> List<Integer> save(
            Collection<E> all, Function<List<E>, ObjectState.Builder> saving, StateWriter writer) {
        List<Integer> references = new ArrayList<>(1);
        List<E> portion = new ArrayList<>();
        for (E element : all) {
            portion.add(element);
            if (portion.size() == LENGTH) {
                references.add(writer.reference(new Portion(saving.apply(portion))));
                portion.clear();
            }
        }
        if (!portion.isEmpty()) {
            references.add(writer.reference(new Portion(saving.apply(portion))));
        }
        return references;
    }
}
