package dev.plinth.cli.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A table in which each two properties that can go together do so in one row at least.
 *
 * <p>A row is a choice of each part, and a choice has one property or more. A choice of one part
 * goes with each of another. The table is made row by row, each for the first pair that is missing
 * and with as many more as there are to be had (Cohen, Dalal, Fredman and Patton, The AETG System,
 * 1997); it is always the same.
 */
final class EachPair {
    /** Choices of each part, by the numbers of their properties. */
    private final List<List<int[]>> parts = new ArrayList<>();

    private final List<String> names = new ArrayList<>();
    private final Map<String, Integer> numbers = new HashMap<>();

    /** Pairs that no row has yet: both ways round. */
    private final BitSet missing = new BitSet();

    /** In how many of them each property is. */
    private final int[] left;

    private final Set<String> pairs = new TreeSet<>();
    private final List<int[]> rows = new ArrayList<>();
    private final int properties;

    /**
     * Makes it.
     *
     * @param parts properties of each choice of each part
     */
    EachPair(List<List<List<String>>> parts) {
        for (List<List<String>> part : parts) {
            this.parts.add(part.stream().map(this::numbersOf).toList());
        }
        properties = names.size();
        left = new int[properties];
        want();
        while (!missing.isEmpty()) {
            int first = missing.nextSetBit(0);
            addRow(first / properties, first % properties);
        }
    }

    /** Two properties, as one word for both. */
    static String pair(String one, String other) {
        return one.compareTo(other) < 0 ? one + " & " + other : other + " & " + one;
    }

    /** The rows: which choice there is of each part. */
    List<int[]> rows() {
        return rows;
    }

    /** All pairs that there can be. */
    Set<String> pairs() {
        return pairs;
    }

    private int[] numbersOf(List<String> choice) {
        return choice.stream()
                .mapToInt(property ->
                        numbers.computeIfAbsent(
                                property,
                                name -> {
                                    names.add(name);
                                    return names.size() - 1;
                                }))
                .toArray();
    }

    private void want() {
        for (int i = 0; i < parts.size(); i++) {
            for (int[] choice : parts.get(i)) {
                want(choice, choice);
            }
            for (int j = 0; j < i; j++) {
                want(propertiesOf(parts.get(i)), propertiesOf(parts.get(j)));
            }
        }
    }

    private static int[] propertiesOf(List<int[]> part) {
        return part.stream().flatMapToInt(Arrays::stream).distinct().toArray();
    }

    private void want(int[] some, int[] others) {
        for (int one : some) {
            for (int other : others) {
                if (one != other && pairs.add(pair(names.get(one), names.get(other)))) {
                    missing.set(one * properties + other);
                    missing.set(other * properties + one);
                    left[one]++;
                    left[other]++;
                }
            }
        }
    }

    /** Adds a row that has two properties. */
    private void addRow(int one, int other) {
        int[] row = new int[parts.size()];
        List<Integer> taken = new ArrayList<>(List.of(one, other));
        for (int part = 0; part < row.length; part++) {
            row[part] = best(parts.get(part), one, other, taken);
            for (int property : parts.get(part).get(row[part])) {
                taken.add(property);
            }
        }
        for (int some : taken) {
            for (int more : taken) {
                if (missing.get(some * properties + more)) {
                    missing.clear(some * properties + more);
                    left[some]--;
                }
            }
        }
        rows.add(row);
    }

    /**
     * The choice by which most pairs are won, among those that have both properties if any has. Of
     * equals it is the one whose properties are in most pairs that are still missing.
     */
    private int best(List<int[]> part, int one, int other, List<Integer> taken) {
        int best = -1;
        long most = -1;
        for (int i = 0; i < part.size(); i++) {
            int[] choice = part.get(i);
            long has = 0;
            long won = 0;
            long promises = 0;
            for (int property : choice) {
                promises += left[property];
                has += property == one || property == other ? 1 : 0;
                for (int each : taken) {
                    won += missing.get(property * properties + each) ? 1 : 0;
                }
                for (int each : choice) {
                    won += property < each && missing.get(property * properties + each) ? 1 : 0;
                }
            }
            long worth = (has << 48) + (won << 24) + promises;
            if (worth > most) {
                most = worth;
                best = i;
            }
        }
        return best;
    }
}
