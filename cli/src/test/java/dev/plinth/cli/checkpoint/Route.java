package dev.plinth.cli.checkpoint;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.List;

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
    static List<Route> pairs(List<String> platforms) {
        List<Route> routes = new ArrayList<>();
        for (String from : platforms) {
            for (String to : platforms) {
                routes.add(of(from, new Move.Restore(to)));
            }
        }
        return routes;
    }

    /** One walk from each platform to each, itself among them. */
    static Route tour(List<String> platforms) {
        List<Move> moves = new ArrayList<>();
        walk(platforms, 0, moves);
        return new Route(platforms.getFirst(), moves);
    }

    /** Goes all ways between a platform and those behind it, beginning and ending there. */
    private static void walk(List<String> platforms, int at, List<Move> moves) {
        Move stay = new Move.Restore(platforms.get(at));
        moves.add(stay);
        for (int other = platforms.size() - 1; other > at + 1; other--) {
            moves.add(new Move.Restore(platforms.get(other)));
            moves.add(stay);
        }
        if (at + 1 < platforms.size()) {
            moves.add(new Move.Restore(platforms.get(at + 1)));
            walk(platforms, at + 1, moves);
            moves.add(stay);
        }
    }

    @Override
    public String toString() {
        return first + moves.stream().map(move -> " -> " + move).collect(joining());
    }
}
