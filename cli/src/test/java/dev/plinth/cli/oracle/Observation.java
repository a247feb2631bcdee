package dev.plinth.cli.oracle;

import java.util.ArrayList;
import java.util.List;

/**
 * What a run showed.
 *
 * @param output what it printed
 * @param errors what it printed on standard error
 * @param end how it ended, in words
 */
record Observation(String output, String errors, String end) {
    /** All of it, a line each. */
    private List<String> lines() {
        List<String> lines = new ArrayList<>(output.lines().toList());
        errors.lines().map(line -> "stderr: " + line).forEach(lines::add);
        lines.add("(" + end + ")");
        return lines;
    }

    /**
     * How another run differs: lines that only this has begin with -, those that only it has, +.
     */
    String differencesTo(Observation other) {
        List<String> ours = lines();
        List<String> theirs = other.lines();
        int[][] common = commonLengths(ours, theirs);
        StringBuilder text = new StringBuilder();
        int i = 0;
        int j = 0;
        while (i < ours.size() || j < theirs.size()) {
            if (i < ours.size() && j < theirs.size() && ours.get(i).equals(theirs.get(j))) {
                text.append("  ").append(ours.get(i)).append('\n');
                i++;
                j++;
            } else if (j == theirs.size()
                    || (i < ours.size() && common[i + 1][j] >= common[i][j + 1])) {
                text.append("- ").append(ours.get(i)).append('\n');
                i++;
            } else {
                text.append("+ ").append(theirs.get(j)).append('\n');
                j++;
            }
        }
        return text.toString();
    }

    /** How many lines two tails have in common, in order, for each pair of tails. */
    private static int[][] commonLengths(List<String> first, List<String> second) {
        int[][] lengths = new int[first.size() + 1][second.size() + 1];
        for (int i = first.size() - 1; i >= 0; i--) {
            for (int j = second.size() - 1; j >= 0; j--) {
                lengths[i][j] =
                        first.get(i).equals(second.get(j))
                                ? lengths[i + 1][j + 1] + 1
                                : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
            }
        }
        return lengths;
    }
}
