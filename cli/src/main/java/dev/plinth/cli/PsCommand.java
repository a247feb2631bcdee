package dev.plinth.cli;

import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;

import org.apache.commons.cli.Options;

import java.util.List;
import java.util.Locale;

/** {@code plinth ps}: the processes in a sandbox. */
final class PsCommand extends ControlCommand {
    PsCommand() {
        super("ps", "List the processes in a sandbox");
    }

    @Override
    public Options options() {
        return new Options().addOption(CommonOptions.FORMAT).addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        Numbers are those of the sandbox. A PPID of 0 is outside of it.

        Example:
          plinth ps web
        """;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        OutputFormat format = OutputFormat.of(arguments, OutputFormat.TABLE, OutputFormat.JSON);
        List<Message> processes = ask(sandbox, "ps", Message.empty()).objects("processes");
        console.out()
                .print(
                        format == OutputFormat.JSON
                                ? Json.array(processes, (json, each) -> each.writeMembers(json))
                                : table(processes));
        return 0;
    }

    private static String table(List<Message> processes) {
        TextTable table =
                new TextTable("PID", "PPID", "UID", "STATE", "THREADS", "MEMORY", "CPU", "COMMAND");
        for (Message process : processes) {
            List<String> arguments = process.strings("arguments");
            String command =
                    arguments.isEmpty()
                            ? "[" + process.string("name") + "]"
                            : String.join(" ", arguments);
            table.row(
                    text(process, "pid"),
                    text(process, "ppid"),
                    text(process, "uid"),
                    process.string("state"),
                    text(process, "threads"),
                    Amounts.bytes(process.number("resident_bytes", 0, Long.MAX_VALUE)),
                    seconds(process.number("cpu_nanos", 0, Long.MAX_VALUE)),
                    ListCommand.printable(command));
        }
        return table.toString();
    }

    private static String text(Message process, String name) {
        return Long.toString(process.number(name, 0, Long.MAX_VALUE));
    }

    static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.2fs", nanos / 1e9);
    }
}
