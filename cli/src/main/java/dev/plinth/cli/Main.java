package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.ArrayList;
import java.util.List;

/** The {@code plinth} command: chooses what to do, and ends the process with its exit status. */
public final class Main {
    /** As most commands do for a command line that makes no sense. */
    private static final int USAGE_STATUS = 2;

    /** What to do when the host refuses what most hosts do not. */
    static final String HOST_REMEDY =
            "see which limit is reached ('ulimit -a'), or which right is missing";

    private static final Option HELP =
            Option.builder("h").longOpt("help").desc("show this help").get();
    private static final Option VERSION =
            Option.builder().longOpt("version").desc("show the version").get();
    private static final Option DEBUG =
            Option.builder().longOpt("debug").desc("show Java stack traces of errors").get();

    private final List<Command> commands;
    private final Console console;

    Main(List<Command> commands, Console console) {
        this.commands = List.copyOf(commands);
        this.console = requireNonNull(console, "console is null");
    }

    /** Does what the arguments say; does not return. */
    public static void main(String[] arguments) {
        Launch launch = Launch.ofProcess();
        Console console = Console.ofProcess();
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, thrown) -> endAfterDefect(console, thrown));
        int status = new Main(commands(launch), console).run(List.of(arguments));
        if (console.out().checkError() && status == 0) {
            console.problem("cannot write to standard output");
            status = 1;
        }
        // Nothing is left to be done, so the JVM need not take its time to stop.
        Runtime.getRuntime().halt(status);
    }

    /** All commands, in the order in which the help lists them. */
    static List<Command> commands(Launch launch) {
        RunCommand run = new RunCommand(launch);
        RestoreCommand restore = new RestoreCommand(launch);
        return List.of(
                run,
                restore,
                new PlatformsCommand(launch),
                new LayoutCommand(launch),
                new SyscallsCommand(),
                new ImageInspectCommand(),
                new ImageVerifyCommand(),
                new ListCommand(),
                new StateCommand(),
                new PsCommand(),
                new ExecCommand(launch),
                new KillCommand(),
                PauseCommand.pause(),
                PauseCommand.resume(),
                new CheckpointCommand(),
                new SwapCommand(launch),
                new WaitCommand(),
                new EventsCommand(),
                new DeleteCommand(),
                new SandboxCommand(launch, List.of(run, restore)));
    }

    /** Options of a command, with those that every command has. */
    static Options withGlobal(Options options) {
        return options.addOption(HELP).addOption(VERSION).addOption(DEBUG);
    }

    /** Does what the words of a command line say, and gives the exit status. */
    int run(List<String> words) {
        Options global = withGlobal(new Options()).addOption(CommonOptions.ROOT);
        try {
            Arguments arguments = Arguments.parse(global, words);
            if (arguments.has(HELP)) {
                console.out().print(HelpPage.of(commands, global));
                return 0;
            }
            if (arguments.has(VERSION)) {
                console.out().print(Launch.version());
                return 0;
            }
            if (arguments.operands().isEmpty()) {
                throw new UsageException("no command given");
            }
            Command command = command(arguments.operands());
            int first = words.size() - arguments.operands().size();
            int ownWords = command.name().split(" ", -1).length;
            List<String> own = new ArrayList<>(words.subList(first + ownWords, words.size()));
            if (arguments.has(CommonOptions.ROOT)) {
                requireRoot(command);
                own.addFirst(arguments.value(CommonOptions.ROOT).orElseThrow());
                own.addFirst(Arguments.name(CommonOptions.ROOT));
            }
            return run(command, own);
        } catch (UsageException e) {
            console.problem(e.getMessage(), "'plinth --help' lists the commands");
            return USAGE_STATUS;
        }
    }

    /** Makes sure that a command has to do with registered sandboxes, if it is told where. */
    private static void requireRoot(Command command) {
        if (!command.options().hasLongOption(CommonOptions.ROOT.getLongOpt())) {
            throw new UsageException(
                    "'plinth " + command.name() + "' has nothing to do with --root");
        }
    }

    private Command command(List<String> operands) {
        String name = operands.getFirst();
        String twoWords = operands.size() == 1 ? name : name + " " + operands.get(1);
        return commands.stream()
                .filter(command -> command.name().equals(name) || command.name().equals(twoWords))
                .findFirst()
                .orElseThrow(() -> new UsageException(noCommand(name, twoWords)));
    }

    private String noCommand(String name, String twoWords) {
        List<String> second =
                commands.stream()
                        .map(Command::name)
                        .filter(each -> each.startsWith(name + " "))
                        .map(each -> each.substring(name.length() + 1))
                        .toList();
        if (second.isEmpty()) {
            return "there is no command '" + name + "'";
        }
        return "'plinth %s' is followed by one of: %s%s"
                .formatted(
                        name,
                        String.join(", ", second),
                        twoWords.equals(name)
                                ? ""
                                : "; not by '" + twoWords.substring(name.length() + 1) + "'");
    }

    private int run(Command command, List<String> words) {
        Options options = withGlobal(command.options());
        boolean debug = false;
        try {
            Arguments arguments =
                    command.takesOptionsAnywhere()
                            ? Arguments.parseAll(options, words)
                            : Arguments.parse(options, words);
            debug = arguments.has(DEBUG);
            if (arguments.has(HELP)) {
                console.out().print(HelpPage.of(command, options));
                return 0;
            }
            if (arguments.has(VERSION)) {
                console.out().print(Launch.version());
                return 0;
            }
            return command.run(arguments, console);
        } catch (UsageException e) {
            console.problem(e.getMessage(), "'plinth " + command.name() + " --help' tells more");
            return USAGE_STATUS;
        } catch (SandboxException e) {
            console.problem(e);
            printTrace(debug, e);
            return command.failureStatus(e.code());
        } catch (HostCallException e) {
            console.problem(
                    "the host refused something that Plinth needs: " + e.getMessage(), HOST_REMEDY);
            printTrace(debug, e);
            return command.failureStatus(ErrorCode.HOST_EXHAUSTED);
        }
    }

    private void printTrace(boolean debug, Throwable thrown) {
        if (debug) {
            thrown.printStackTrace(console.err());
        }
    }

    /** A thread ends in a way that nobody foresaw: what it did for a guest stays undone. */
    private static void endAfterDefect(Console console, Throwable thrown) {
        console.problem("a defect of Plinth: " + thrown);
        thrown.printStackTrace(console.err());
        Runtime.getRuntime().halt(RunCommand.FAILURE_STATUS);
    }
}
