package dev.plinth.cli;

import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.RegisteredEntry;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.kernel.error.ErrorCode;

import org.apache.commons.cli.Options;

import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;

/** {@code plinth list}: the sandboxes that have names. */
final class ListCommand implements Command {
    private static final int PROGRAM_MAX = 60;
    private static final String DAMAGED = "damaged";

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

    @Override
    public String name() {
        return "list";
    }

    @Override
    public String summary() {
        return "List the sandboxes that have names";
    }

    @Override
    public String synopsis() {
        return "[OPTION]...";
    }

    @Override
    public Options options() {
        return new Options().addOption(CommonOptions.FORMAT).addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        A sandbox that has stopped is shown with its exit status, or '?' if that is
        not known, until 'plinth delete NAME' forgets it. One whose entry is damaged
        needs 'plinth delete --force NAME'. PROGRAM is the first one, also of a sandbox
        that was restored; as JSON 'image' says from what.

        Example:
          plinth list --format json
        """;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return 1;
    }

    @Override
    public int run(Arguments arguments, Console console) {
        arguments.requireNoOperands();
        OutputFormat format = OutputFormat.of(arguments, OutputFormat.TABLE, OutputFormat.JSON);
        List<RegisteredEntry> entries = CommonOptions.stateRoot(arguments).list();
        console.out()
                .print(
                        format == OutputFormat.JSON
                                ? Json.array(
                                        entries, (json, entry) -> message(entry).writeMembers(json))
                                : table(entries));
        return 0;
    }

    private static Message message(RegisteredEntry entry) {
        return switch (entry) {
            case RegisteredEntry.Sandbox sandbox -> sandbox.state().shown();
            case RegisteredEntry.Damaged damaged ->
                    Message.empty()
                            .with("id", damaged.id())
                            .with("status", DAMAGED)
                            .with("problem", damaged.problem());
        };
    }

    private static String table(List<RegisteredEntry> entries) {
        TextTable table = new TextTable("NAME", "STATUS", "PID", "PLATFORM", "CREATED", "PROGRAM");
        for (RegisteredEntry entry : entries) {
            switch (entry) {
                case RegisteredEntry.Sandbox sandbox -> addRow(table, sandbox.state());
                case RegisteredEntry.Damaged damaged ->
                        table.row(
                                damaged.id(),
                                DAMAGED,
                                "-",
                                "-",
                                "-",
                                cut(printable("(" + damaged.problem() + ")")));
            }
        }
        return table.toString();
    }

    private static void addRow(TextTable table, SandboxState state) {
        table.row(
                state.id(),
                status(state),
                state.isAlive() ? Long.toString(state.process().pid()) : "-",
                state.platform(),
                TIME.format(state.created()),
                cut(printable(program(state))));
    }

    private static String program(SandboxState state) {
        return state.program().isEmpty() && state.image().isPresent()
                ? "(restored from " + state.image().get() + ")"
                : String.join(" ", state.program());
    }

    private static String status(SandboxState state) {
        if (state.status() != SandboxState.Status.STOPPED) {
            return state.status().word();
        }
        return "stopped ("
                + (state.exitStatus().isPresent() ? state.exitStatus().getAsInt() : "?")
                + ")";
    }

    /** What a program calls itself is not for the terminal to obey. */
    static String printable(String text) {
        return text.codePoints()
                .map(point -> isObeyed(point) ? '?' : point)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Whether a terminal does something else than to show it. */
    private static boolean isObeyed(int point) {
        return switch (Character.getType(point)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    true;
            default -> false;
        };
    }

    private static String cut(String text) {
        return text.length() <= PROGRAM_MAX ? text : text.substring(0, PROGRAM_MAX - 3) + "...";
    }
}
