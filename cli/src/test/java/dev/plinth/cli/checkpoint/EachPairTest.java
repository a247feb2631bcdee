package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Set;

final class EachPairTest {
    @Test
    void eachTwoThatCanGoTogetherDo() {
        EachPair table =
                new EachPair(
                        List.of(
                                List.of(List.of("a", "x"), List.of("b", "x"), List.of("a", "y")),
                                List.of(List.of("1"), List.of("2"))));
        // Not "b & y", which no choice has; nor "a & b".
        assertEquals(
                Set.of(
                        "a & x", "b & x", "a & y", "1 & a", "1 & b", "1 & x", "1 & y", "2 & a",
                        "2 & b", "2 & x", "2 & y"),
                table.pairs());
        List<List<Integer>> rows =
                table.rows().stream().map(row -> List.of(row[0], row[1])).toList();
        assertTrue(
                Set.copyOf(rows)
                        .containsAll(
                                List.of(
                                        List.of(1, 0),
                                        List.of(1, 1),
                                        List.of(2, 0),
                                        List.of(2, 1))),
                rows::toString);
    }

    @Test
    void aTableIsFarShorterThanAllThereIs() {
        List<List<String>> part = List.of(List.of("0"), List.of("1"), List.of("2"));
        EachPair table =
                new EachPair(
                        List.of(
                                named("a", part),
                                named("b", part),
                                named("c", part),
                                named("d", part)));
        assertEquals(6 * 9, table.pairs().size());
        assertTrue(table.rows().size() <= 14, () -> table.rows().size() + " rows");
    }

    private static List<List<String>> named(String name, List<List<String>> part) {
        return part.stream().map(choice -> List.of(name + choice.getFirst())).toList();
    }
}
