package dev.plinth.bench;

import com.google.gson.FormattingStyle;
import com.google.gson.stream.JsonWriter;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The results, for people and for programs.
 *
 * @param rounds how often each was measured, in words
 * @param micro microseconds by test and runner
 * @param start milliseconds by command and runner, of commands that do nothing
 * @param workloads milliseconds by command and runner
 * @param checkpoints by what was measured, its unit in the name, and by who did it
 */
record Report(
        Machine machine,
        String rounds,
        Map<String, Map<String, Samples>> micro,
        Map<String, Map<String, Samples>> start,
        Map<String, Map<String, Samples>> workloads,
        Map<String, Map<String, Samples>> checkpoints) {
    private static final String PTRACE = Runners.PLINTH + "ptrace";
    private static final String KVM = Runners.PLINTH + "kvm";

    /** Tests that are not to be twice as fast as elsewhere: no sandbox has a part in them. */
    private static final Set<String> WITHOUT_AIM = Set.of("cpu_xorshift", "clock_gettime");

    /** Markdown that can be read as it is. */
    String markdown() {
        List<String> notes = new ArrayList<>();
        StringBuilder page = new StringBuilder();
        page.append(
                micro.isEmpty()
                        ? heading("Benchmarks of checkpoints", "--only checkpoint ", "-checkpoint")
                        : heading("Benchmarks", "", ""));
        page.append(
                "%s, %s, Linux %s, Java %s.\n"
                        .formatted(
                                machine.date(),
                                machine.processors(),
                                machine.linux(),
                                machine.java()));
        page.append("Medians of %s".formatted(rounds));
        page.append(micro.isEmpty() ? ".\n" : "; in brackets, how many times as long as native.\n");
        section(page, "Microseconds an operation", "test", micro, notes);
        section(page, "Milliseconds from start to end", "command", start, notes);
        section(page, "Milliseconds of work, start and end included", "command", workloads, notes);
        section(page, "Checkpoint and restore", "what", checkpoints, notes);
        page.append("\n## Ratios\n\n").append(ratios());
        if (!notes.isEmpty()) {
            page.append("\nNot measured, because:\n\n");
            for (int i = 0; i < notes.size(); i++) {
                page.append(i + 1).append(". ").append(notes.get(i)).append('\n');
            }
        }
        return page.toString();
    }

    private static String heading(String title, String options, String name) {
        return "# %s\n\n<!-- Written by: bench/run %s>docs/benchmarks%s.md -->\n\n"
                .formatted(title, options, name);
    }

    private static void section(
            StringBuilder page,
            String title,
            String corner,
            Map<String, Map<String, Samples>> results,
            List<String> notes) {
        if (!results.isEmpty()) {
            page.append("\n## ").append(title).append("\n\n");
            page.append(table(corner, results, notes));
        }
    }

    private static String table(
            String corner, Map<String, Map<String, Samples>> results, List<String> notes) {
        List<List<String>> rows = new ArrayList<>();
        results.forEach((name, row) -> {
            if (rows.isEmpty()) {
                List<String> heading = new ArrayList<>(List.of(corner));
                heading.addAll(row.keySet());
                rows.add(heading);
            }
            List<String> cells = new ArrayList<>(List.of(name));
            row.forEach((runner, samples) -> cells.add(cell(runner, samples, row, notes)));
            rows.add(cells);
        });
        return PipeTable.of(rows);
    }

    private static String cell(
            String runner, Samples samples, Map<String, Samples> row, List<String> notes) {
        if (!samples.isUsable()) {
            String reason = samples.failure().orElse("");
            if (reason.isEmpty()) {
                return "–";
            }
            String note = runner + ": " + reason;
            if (!notes.contains(note)) {
                notes.add(note);
            }
            return "n/a [%d]".formatted(notes.indexOf(note) + 1);
        }
        Samples outside = row.get(Runners.NATIVE);
        if (runner.equals(Runners.NATIVE) || outside == null || !outside.isUsable()) {
            return number(samples.median());
        }
        return "%s (%s)"
                .formatted(number(samples.median()), number(samples.median() / outside.median()));
    }

    /** Three digits that count. */
    private static String number(double value) {
        int decimals = value < 0.1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    private String ratios() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("what", "ratio", "aim"));
        add(rows, "getpid", micro, PTRACE, Runners.TRACER, "at most 1.5");
        add(rows, "getpid", micro, KVM, Runners.VM, "at most 1.3");
        add(rows, "true", start, PTRACE, Runners.RUNSC, "at most 1");
        add(rows, "clock_gettime", micro, PTRACE, Runners.NATIVE, "at most 2");
        for (String test : micro.keySet()) {
            if (!WITHOUT_AIM.contains(test)) {
                add(rows, test, micro, PTRACE, Runners.RUNSC, "at most 0.5");
            }
        }
        for (String command : workloads.keySet()) {
            add(rows, command, workloads, PTRACE, Runners.RUNSC, "at most 1");
        }
        checkpointRatios(rows);
        return PipeTable.of(rows);
    }

    private void checkpointRatios(List<List<String>> rows) {
        add(
                rows,
                CheckpointBenchmark.WRITE_LARGE,
                checkpoints,
                PTRACE,
                CheckpointBenchmark.COPY,
                "at most 1.43");
        for (String keeper : List.of(PTRACE, KVM)) {
            addGrowth(
                    rows,
                    keeper,
                    CheckpointBenchmark.RESTORE_SMALL,
                    CheckpointBenchmark.RESTORE_LARGE);
            addGrowth(
                    rows, keeper, CheckpointBenchmark.PAUSE_SMALL, CheckpointBenchmark.PAUSE_LARGE);
        }
    }

    /** How much longer something takes with much memory than with little. */
    private void addGrowth(List<List<String>> rows, String keeper, String little, String much) {
        Map<String, Samples> row = new LinkedHashMap<>();
        for (String what : List.of(little, much)) {
            Samples samples = checkpoints.getOrDefault(what, Map.of()).get(keeper);
            if (samples != null) {
                row.put(what, samples);
            }
        }
        ratio(row, much, little)
                .ifPresent(ratio ->
                        rows.add(
                                List.of(
                                        "%s: %s / %s".formatted(keeper, much, little),
                                        number(ratio),
                                        "at most 1.5")));
    }

    private static void add(
            List<List<String>> rows,
            String test,
            Map<String, Map<String, Samples>> results,
            String one,
            String other,
            String aim) {
        ratio(results.getOrDefault(test, Map.of()), one, other)
                .ifPresent(ratio ->
                        rows.add(
                                List.of(
                                        "%s: %s / %s".formatted(test, one, other),
                                        number(ratio),
                                        aim)));
    }

    private static Optional<Double> ratio(Map<String, Samples> row, String one, String other) {
        Samples dividend = row.get(one);
        Samples divisor = row.get(other);
        if (dividend == null || divisor == null || !dividend.isUsable() || !divisor.isUsable()) {
            return Optional.empty();
        }
        return Optional.of(dividend.median() / divisor.median());
    }

    String json() {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setFormattingStyle(FormattingStyle.PRETTY);
            json.beginObject();
            json.name("date").value(machine.date());
            json.name("processors").value(machine.processors());
            json.name("linux").value(machine.linux());
            json.name("java").value(machine.java());
            json.name("rounds").value(rounds);
            write(json, "microseconds", micro);
            write(json, "start_milliseconds", start);
            write(json, "work_milliseconds", workloads);
            write(json, "checkpoints", checkpoints);
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot be written to", e);
        }
        return text + "\n";
    }

    private static void write(
            JsonWriter json, String name, Map<String, Map<String, Samples>> results)
            throws IOException {
        json.name(name).beginObject();
        for (Map.Entry<String, Map<String, Samples>> row : results.entrySet()) {
            json.name(row.getKey()).beginObject();
            for (Map.Entry<String, Samples> cell : row.getValue().entrySet()) {
                Samples samples = cell.getValue();
                json.name(cell.getKey()).beginObject();
                if (samples.isUsable()) {
                    json.name("median").value(samples.median());
                    json.name("least").value(samples.least());
                } else {
                    json.name("failure").value(samples.failure().orElse(""));
                }
                json.endObject();
            }
            json.endObject();
        }
        json.endObject();
    }
}
