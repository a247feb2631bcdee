package dev.plinth.cli;

import dev.plinth.api.linux.Signal;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.Arrays;
import java.util.Locale;

/** {@code plinth kill}: sends a signal into a sandbox. */
final class KillCommand extends ControlCommand {
    private static final Option ALL =
            Option.builder().longOpt("all").desc("to every process in the sandbox").get();
    private static final Option PID =
            CommonOptions.withValue("pid", "N", "to process N of the sandbox");

    KillCommand() {
        super("kill", "Send a signal to the programs of a sandbox");
    }

    @Override
    public String synopsis() {
        return "[OPTION]... NAME [SIGNAL]";
    }

    @Override
    public Options options() {
        return new Options().addOption(ALL).addOption(PID).addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        SIGNAL is a name or a number (default: TERM). It goes to the first process,
        with whose end the sandbox ends, unless an option says otherwise. While the
        sandbox is paused it waits.

        Example:
          plinth kill --all web KILL
        """;
    }

    @Override
    int maxOperands() {
        return 2;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        Signal signal =
                arguments.operands().size() > 1
                        ? parse(arguments.operands().get(1))
                        : Signal.SIGTERM;
        if (arguments.has(ALL) && arguments.has(PID)) {
            throw new UsageException("--all and --pid do not go together");
        }
        Message message = Message.empty().with("signal", signal.number());
        if (arguments.has(ALL)) {
            message = message.with("all", true);
        } else if (arguments.has(PID)) {
            message = message.with("pid", pid(arguments.value(PID).orElseThrow()));
        }
        ask(sandbox, "kill", message);
        return 0;
    }

    private static int pid(String digits) {
        try {
            int pid = Integer.parseInt(digits);
            if (pid > 0) {
                return pid;
            }
        } catch (NumberFormatException e) {
            throw new UsageException("--pid '" + digits + "' is no number");
        }
        throw new UsageException("--pid '" + digits + "' is no process");
    }

    /** A signal by its name, with or without SIG, or by its number. */
    static Signal parse(String word) {
        String upper = word.toUpperCase(Locale.ROOT);
        return Arrays.stream(Signal.values())
                .filter(signal ->
                        upper.equals(signal.name())
                                || ("SIG" + upper).equals(signal.name())
                                || upper.equals(Integer.toString(signal.number())))
                .findFirst()
                .orElseThrow(() -> new UsageException("there is no signal '" + word + "'"));
    }
}
