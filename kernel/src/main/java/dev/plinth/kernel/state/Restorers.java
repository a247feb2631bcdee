package dev.plinth.kernel.state;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.proto.ObjectState.KindCase;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** Who makes objects again, by their kind. Confined to one thread. */
public final class Restorers {
    private final Map<KindCase, Restorer> byKind = new EnumMap<>(KindCase.class);

    /** Says who makes the objects of a kind; each kind has one. */
    public void add(KindCase kind, Restorer restorer) {
        requireNonNull(restorer, "restorer is null");
        if (byKind.putIfAbsent(kind, restorer) != null) {
            throw new IllegalArgumentException("there is one for " + kind + " already");
        }
    }

    /** Who makes the objects of a kind. */
    Optional<Restorer> of(KindCase kind) {
        return Optional.ofNullable(byKind.get(kind));
    }
}
