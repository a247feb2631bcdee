package dev.plinth.cli;

import dev.plinth.cli.control.ControlClient;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.List;
import java.util.Optional;

/** {@code plinth events}: what happens to a sandbox, and what it uses. */
final class EventsCommand extends ControlCommand {
    private static final Option INTERVAL =
            CommonOptions.withValue(
                    "interval",
                    "SECONDS",
                    "how often to tell what the sandbox uses (default: 5; 0: once, at first)");

    private static final int STANDARD_OUTPUT = 1;

    EventsCommand() {
        super("events", "Tell what happens to a sandbox and what it uses, until it ends");
    }

    @Override
    public Options options() {
        return new Options()
                .addOption(INTERVAL)
                .addOption(CommonOptions.FORMAT)
                .addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        Types of events: usage, exec, pause, resume, checkpoint, swap, exit. As JSON
        each one is a line with an object. It ends with the sandbox, or when nobody
        reads what it prints. After a restore, usage has how much of the image is still
        to be read in the background.

        Example:
          plinth events --interval 1 --format json web
        """;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        OutputFormat format = OutputFormat.of(arguments, OutputFormat.TABLE, OutputFormat.JSON);
        Message request =
                Message.empty()
                        .with(
                                "interval_millis",
                                arguments.value(INTERVAL).map(EventsCommand::millis).orElse(5000L));
        try (ControlClient client = ControlClient.connect(host(), sandbox)) {
            client.send("events", request, List.of());
            Optional<Message> event = client.next();
            while (event.isPresent() && !console.out().checkError()) {
                console.out()
                        .print(
                                (format == OutputFormat.JSON
                                                ? event.get().json()
                                                : line(event.get()))
                                        + "\n");
                event = client.nextWhileRead(STANDARD_OUTPUT);
            }
        }
        return 0;
    }

    private static long millis(String seconds) {
        try {
            double value = Double.parseDouble(seconds);
            if (value >= 0 && value <= 86400) {
                return Math.round(value * 1000);
            }
        } catch (NumberFormatException e) {
            throw new UsageException("--interval '" + seconds + "' is no number");
        }
        throw new UsageException("--interval '" + seconds + "' is not between 0 and 86400");
    }

    private static String line(Message event) {
        Message data = event.object("data");
        String details =
                switch (event.string("type")) {
                    case "usage" -> usage(data);
                    case "exit" -> "with status " + number(data, "exit_status");
                    default -> data.isEmpty() ? "" : data.json();
                };
        return ListCommand.printable(
                (event.string("time") + "  " + event.string("type") + "  " + details).strip());
    }

    private static String usage(Message data) {
        String used =
                "%s of %s, %d processes, %d tasks, %s of cpu"
                        .formatted(
                                Amounts.bytes(number(data, "memory_bytes")),
                                Amounts.bytes(number(data, "memory_limit_bytes")),
                                number(data, "processes"),
                                number(data, "tasks"),
                                PsCommand.seconds(number(data, "cpu_nanos")));
        long unread = data.has("unread_image_bytes") ? number(data, "unread_image_bytes") : 0;
        return unread == 0
                ? used
                : used + ", %s of the image to be read".formatted(Amounts.bytes(unread));
    }

    private static long number(Message data, String name) {
        return data.number(name, 0, Long.MAX_VALUE);
    }
}
