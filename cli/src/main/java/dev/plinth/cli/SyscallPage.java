package dev.plinth.cli;

import dev.plinth.kernel.syscall.SyscallRow.Support;
import dev.plinth.kernel.syscall.SyscallTable;

import java.util.List;

/** The system call table, for people and for programs. */
final class SyscallPage {
    private final List<Line> lines;

    /** A call that Linux has. */
    private record Line(int number, String name, Support support, String note) {
        static Line of(SyscallTable table, int number) {
            String name = table.name(number);
            return table.row(number)
                    .map(row -> new Line(number, name, row.support(), row.note()))
                    .orElse(new Line(number, name, Support.NONE, "ENOSYS"));
        }

        String supportWord() {
            return switch (support) {
                case FULL -> "full";
                case PARTIAL -> "partial";
                case NONE -> "none";
            };
        }
    }

    SyscallPage(SyscallTable table) {
        lines = table.numbers().stream().map(number -> Line.of(table, number)).toList();
    }

    String table() {
        TextTable table = new TextTable("NUMBER", "NAME", "SUPPORT", "NOTE");
        for (Line line : lines) {
            table.row(
                    Integer.toString(line.number()), line.name(), line.supportWord(), line.note());
        }
        return table.toString();
    }

    String json() {
        return Json.array(
                lines,
                (json, line) -> {
                    json.name("number").value(line.number());
                    json.name("name").value(line.name());
                    json.name("support").value(line.supportWord());
                    json.name("note").value(line.note());
                });
    }

    /** The page of the documentation; calls that there is nothing of are listed together. */
    String markdown() {
        StringBuilder page = new StringBuilder();
        page.append(
                """
                # System calls

                <!-- Written by: ./plinth syscalls --format markdown >docs/compatibility.md -->

                What Linux programs find when they make a system call, out of the %d that Linux has on
                x86-64: %d are there, %d in part. A call that is not there fails with ENOSYS, or as its
                note says.

                | number | name | support | note |
                |---:|---|---|---|
                """
                        .formatted(lines.size(), count(Support.FULL), count(Support.PARTIAL)));
        for (Line line : lines) {
            if (!isAbsent(line)) {
                page.append(
                        "| %d | %s | %s | %s |\n"
                                .formatted(
                                        line.number(),
                                        line.name(),
                                        line.supportWord(),
                                        line.note().replace("|", "\\|")));
            }
        }
        page.append("\nNot there (ENOSYS):\n\n");
        page.append(
                lines.stream()
                        .filter(SyscallPage::isAbsent)
                        .map(line -> line.name() + "\n")
                        .reduce("", String::concat));
        return page.toString();
    }

    private static boolean isAbsent(Line line) {
        return line.support() == Support.NONE && line.note().equals("ENOSYS");
    }

    private long count(Support support) {
        return lines.stream().filter(line -> line.support() == support).count();
    }
}
