package dev.plinth.bench;

import java.util.List;

/** A Markdown table whose columns are aligned, so that it can be read as it is. */
final class PipeTable {
    private PipeTable() {}

    /** The table; the first row is the heading, the first column is set to the left. */
    static String of(List<List<String>> rows) {
        StringBuilder table = new StringBuilder();
        for (int row = 0; row < rows.size(); row++) {
            for (int column = 0; column < rows.get(row).size(); column++) {
                String cell = rows.get(row).get(column);
                String padding = " ".repeat(width(rows, column) - cell.length());
                table.append("| ")
                        .append(column == 0 ? cell + padding : padding + cell)
                        .append(' ');
            }
            table.append("|\n");
            if (row == 0) {
                appendRule(table, rows);
            }
        }
        return table.toString();
    }

    private static void appendRule(StringBuilder table, List<List<String>> rows) {
        for (int column = 0; column < rows.getFirst().size(); column++) {
            String dashes = "-".repeat(width(rows, column) + 1);
            table.append('|').append(column == 0 ? dashes + "-" : dashes + ":");
        }
        table.append("|\n");
    }

    private static int width(List<List<String>> rows, int column) {
        return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
    }
}
