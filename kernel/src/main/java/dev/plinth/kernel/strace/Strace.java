package dev.plinth.kernel.strace;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.Restart;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.ResultFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.syscall.SyscallTable;
import dev.plinth.kernel.syscall.SyscallTracer;
import dev.plinth.kernel.task.Task;

import java.util.List;
import java.util.StringJoiner;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Writes a line for each system call: {@code [1] write(1, "hello\n", 6) = 6}. */
public final class Strace implements SyscallTracer {
    private final SyscallTable table;
    private final TraceLines lines;

    /**
     * A trace.
     *
     * @param table that the calls are in
     * @param lines takes each line, without its end; called by many threads, one at a time
     */
    public Strace(SyscallTable table, Consumer<String> lines) {
        this.table = requireNonNull(table, "table is null");
        this.lines = new TraceLines(lines);
    }

    @Override
    public long trace(Task task, int number, SyscallArguments arguments, LongSupplier call) {
        List<ArgumentFormat> formats = formats(number);
        // Another than the first task of a process has another number when it has executed one.
        int tid = task.tid();
        String name = table.name(number);
        StringBuilder line = new StringBuilder(96);
        line.append(name).append('(');
        int shown = appendUpToOutput(line, formats, task, arguments);
        lines.begin(tid, name, line.toString());
        if (endsTheTask(number)) {
            lines.end(tid, "", "?");
            return call.getAsLong();
        }
        long result = call.getAsLong();
        StringBuilder rest = new StringBuilder(96);
        for (int index = shown; index < formats.size(); index++) {
            appendArgument(rest, formats, index, task, arguments, result);
        }
        StringBuilder text = new StringBuilder(text(number, arguments, result));
        if (!Errno.isError(result) && !Restart.isRestart(result)) {
            appendOutcomes(text, formats, task, arguments, result);
        }
        lines.end(tid, rest.toString(), text.toString());
        return result;
    }

    /**
     * Arguments that the call only reads are shown as they are before it, for the call may change
     * what they point to; from the first one on that the call fills in they are shown afterwards.
     */
    private static int appendUpToOutput(
            StringBuilder line,
            List<ArgumentFormat> formats,
            Task task,
            SyscallArguments arguments) {
        int index = 0;
        while (index < formats.size() && !formats.get(index).isOutput()) {
            appendArgument(line, formats, index, task, arguments, 0);
            index++;
        }
        return index;
    }

    private static void appendArgument(
            StringBuilder line,
            List<ArgumentFormat> formats,
            int index,
            Task task,
            SyscallArguments arguments,
            long result) {
        ArgumentFormat format = formats.get(index);
        if (!format.isShown(arguments, index)) {
            return;
        }
        if (index > 0) {
            line.append(", ");
        }
        format.append(line, task, arguments, index, result);
    }

    /** What the call changed, in brackets behind the result. */
    private static void appendOutcomes(
            StringBuilder text,
            List<ArgumentFormat> formats,
            Task task,
            SyscallArguments arguments,
            long result) {
        StringJoiner outcomes = new StringJoiner(", ", " (", ")").setEmptyValue("");
        for (int index = 0; index < formats.size(); index++) {
            StringBuilder outcome = new StringBuilder();
            formats.get(index).appendOutcome(outcome, task, arguments, index, result);
            if (!outcome.isEmpty()) {
                outcomes.add(outcome);
            }
        }
        text.append(outcomes);
    }

    private List<ArgumentFormat> formats(int number) {
        List<ArgumentFormat> all =
                List.of(
                        Formats.POINTER,
                        Formats.POINTER,
                        Formats.POINTER,
                        Formats.POINTER,
                        Formats.POINTER,
                        Formats.POINTER);
        return table.row(number).map(SyscallRow::formats).orElse(all);
    }

    private boolean endsTheTask(int number) {
        String name = table.name(number);
        return name.equals("exit") || name.equals("exit_group") || name.equals("rt_sigreturn");
    }

    private String text(int number, SyscallArguments arguments, long result) {
        if (Restart.isRestart(result)) {
            return "? " + Restart.nameOf(result);
        }
        if (Errno.isError(result)) {
            String text = Errno.of((int) -result).map(e -> " (" + e.text() + ")").orElse("");
            return "-1 " + Errno.nameOf(result) + text;
        }
        StringBuilder text = new StringBuilder();
        table.row(number)
                .map(SyscallRow::resultFormat)
                .orElse(ResultFormat.DECIMAL)
                .append(text, arguments, result);
        return text.toString();
    }
}
