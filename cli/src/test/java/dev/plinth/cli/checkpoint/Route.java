package dev.plinth.cli.checkpoint;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.List;
import java.util.SequencedCollection;

/**
 * Where a sandbox begins, and what is done to it then.
 *
 * @param first platform on which it begins
 * @param moves what is done, in order
 */
record Route(String first, List<Move> moves) {
    Route {
        requireNonNull(first, "first is null");
        moves = List.copyOf(moves);
    }

    static Route of(String first, Move... moves) {
        return new Route(first, List.of(moves));
    }

    /** From each platform to each, itself among them, by a checkpoint and a restore. */
    static List<Route> pairs(SequencedCollection<String> platforms) {
        List<Route> routes = new ArrayList<>();
        for (String from : platforms) {
            for (String to : platforms) {
                routes.add(of(from, new Move.Restore(to)));
            }
        }
        return routes;
    }

    @Override
    public String toString() {
        return first + moves.stream().map(move -> " -> " + move).collect(joining());
    }
}
