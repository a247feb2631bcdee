package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.cli.control.ControlClient;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.ArrayList;
import java.util.List;

/** {@code plinth exec}: runs one more program in a sandbox that runs. */
final class ExecCommand extends ControlCommand {
    private static final Option CWD =
            CommonOptions.withValue(
                    "cwd",
                    "DIR",
                    "working directory in the sandbox (default: that of its first process)");
    private static final Option USER =
            CommonOptions.withValue(
                    "user",
                    "UID[:GID]",
                    "run as this user and group, with no further groups (default: as the first"
                            + " process)");
    private static final Option DETACH =
            Option.builder()
                    .longOpt("detach")
                    .desc("return when the program runs, and print its number")
                    .get();

    private final Launch launch;

    ExecCommand(Launch launch) {
        super("exec", "Run one more program in a sandbox");
        this.launch = requireNonNull(launch, "launch is null");
    }

    @Override
    public String synopsis() {
        return "[OPTION]... NAME [--] PROGRAM [ARG]...";
    }

    @Override
    public Options options() {
        return new Options()
                .addOption(CWD)
                .addOption(RunCommand.ENV)
                .addOption(USER)
                .addOption(DETACH)
                .addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        Example:
          plinth exec web -- /bin/busybox sh

        The program has your standard input, output and error, whatever they are, and
        no parent in the sandbox. SIGINT (Ctrl-C), SIGQUIT (Ctrl-\\), SIGTERM and SIGHUP
        are sent on to it. Environment: as with 'plinth run', also in a sandbox that was
        restored. When the sandbox ends, so does the program.

        Exit status: that of PROGRAM; 128+N if signal N ended it.
          127  PROGRAM was not found
          126  PROGRAM was found but cannot be executed
          125  the sandbox could not be asked
            2  the options make no sense
        """;
    }

    @Override
    public boolean takesOptionsAnywhere() {
        return false;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return RunCommand.failureStatusOf(code);
    }

    @Override
    int maxOperands() {
        return Integer.MAX_VALUE;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        HostKernel host = host();
        List<String> stdio = new ArrayList<>();
        List<HostFd> descriptors = new ArrayList<>();
        for (int number = 0; number < 3; number++) {
            if (!launch.closedStdio().contains(number)) {
                stdio.add(Integer.toString(number));
                // Never closed: it is this process' own.
                descriptors.add(new HostFd(host, number));
            }
        }
        Message request =
                request(arguments, GuestEnvironment.isHostRoot(sandbox.state().rootfs()))
                        .with("stdio", stdio);
        // The signals are closed first: the connection is what they are sent over.
        try (ControlClient client = ControlClient.connect(host, sandbox);
                TerminationSignals signals = new TerminationSignals(host)) {
            client.send("exec", request, descriptors);
            long pid = client.await().number("pid", 1, Integer.MAX_VALUE);
            if (arguments.has(DETACH)) {
                console.out().print(pid + "\n");
                return 0;
            }
            signals.sendTo(signal -> client.tell(signal(signal.number())));
            return (int)
                    client.next().orElseThrow(() -> ended(sandbox)).number("exit_status", 0, 255);
        }
    }

    private static Message signal(int number) {
        return Message.empty().with("signal", number);
    }

    private static SandboxException ended(SandboxDirectory sandbox) {
        return new SandboxException(
                ErrorCode.SANDBOX_STOPPED,
                "the sandbox '" + sandbox.id() + "' ended before the program did",
                "'plinth state " + sandbox.id() + "' tells how it ended");
    }

    private Message request(Arguments arguments, boolean hostRoot) {
        List<String> operands = arguments.operands();
        List<String> program = operands.subList(1, operands.size());
        if (!program.isEmpty() && program.getFirst().equals("--")) {
            program = program.subList(1, program.size());
        }
        if (program.isEmpty()) {
            throw new UsageException("no program given");
        }
        List<String> variables = arguments.values(RunCommand.ENV).toList();
        RunCommand.requireUnicode(program);
        RunCommand.requireUnicode(variables);
        Message request =
                Message.empty()
                        .with("arguments", program)
                        .with(
                                "environment",
                                GuestEnvironment.of(
                                        launch.callerEnvironment(), hostRoot, variables))
                        .with("detach", arguments.has(DETACH));
        if (arguments.has(CWD)) {
            request = request.with("cwd", arguments.value(CWD).orElseThrow());
        }
        if (arguments.has(USER)) {
            SandboxSpec.User user = SandboxOptions.user(arguments.value(USER).orElseThrow());
            request =
                    request.with("uid", Integer.toUnsignedLong(user.uid()))
                            .with("gid", Integer.toUnsignedLong(user.gid()));
        }
        return request;
    }
}
