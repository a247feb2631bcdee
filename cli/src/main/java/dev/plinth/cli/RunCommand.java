package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.task.ExitStatus;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code plinth run}: runs a program in a sandbox, in the foreground. */
final class RunCommand implements Command {
    /** No program ran, as env(1) and timeout(1) have it. */
    static final int FAILURE_STATUS = 125;

    private static final int NOT_EXECUTABLE_STATUS = 126;
    private static final int NOT_FOUND_STATUS = 127;

    private static final Option ROOTFS =
            CommonOptions.withValue(
                    "rootfs",
                    "DIR",
                    "directory that is the program's root; what it writes is kept in memory and"
                            + " lost at the end (default: /)");
    private static final Option ENV =
            CommonOptions.withValue(
                    "env",
                    "NAME=VALUE",
                    "set an environment variable; a NAME alone hands over yours; may be repeated");
    private static final Option CWD =
            CommonOptions.withValue(
                    "cwd",
                    "DIR",
                    "working directory in the sandbox (default: yours, or / with --rootfs)");
    private static final Option MOUNT =
            CommonOptions.withValue(
                    "mount",
                    "SRC:DST[:ro|rw]",
                    "show a directory of the host at DST; with rw the program changes the host's"
                            + " files (default: ro); may be repeated");
    private static final Option STRACE =
            Option.builder().longOpt("strace").desc("trace system calls").get();

    private final Launch launch;

    RunCommand(Launch launch) {
        this.launch = requireNonNull(launch, "launch is null");
    }

    @Override
    public String name() {
        return "run";
    }

    @Override
    public String summary() {
        return "Run a Linux program in a sandbox";
    }

    @Override
    public String synopsis() {
        return "[OPTION]... [--] PROGRAM [ARG]...";
    }

    @Override
    public Options options() {
        return new Options()
                .addOption(CommonOptions.PLATFORM)
                .addOption(ROOTFS)
                .addOption(MOUNT)
                .addOption(CWD)
                .addOption(ENV)
                .addOption(STRACE)
                .addOption(CommonOptions.DEBUG_LOG)
                .addOption(CommonOptions.PLUGINS);
    }

    @Override
    public String notes() {
        return """
        Example:
          plinth run --mount "$PWD:/work:rw" --cwd /work -- /bin/busybox ls -l

        A PROGRAM without a slash is looked for in the PATH of the sandbox.

        Environment: PATH is the system's default, HOME yours (/ with --rootfs), TERM
        and LANG yours if they are set. Nothing else of yours is handed over unless
        --env says so.

        Signals: SIGINT (Ctrl-C), SIGQUIT (Ctrl-\\), SIGTERM and SIGHUP are sent on to
        the program. If it ignores them: 'kill -9' of plinth ends it and leaves nothing
        behind (in a terminal: Ctrl-Z, then 'kill -9 %1').

        Exit status: that of PROGRAM; 128+N if signal N ended it.
          127  PROGRAM was not found
          126  PROGRAM was found but cannot be executed
          125  the sandbox could not be made
            2  the options make no sense
        """;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return switch (code) {
            case PROGRAM_NOT_FOUND -> NOT_FOUND_STATUS;
            case PROGRAM_NOT_EXECUTABLE -> NOT_EXECUTABLE_STATUS;
            default -> FAILURE_STATUS;
        };
    }

    @Override
    public int run(Arguments arguments, Console console) {
        if (arguments.operands().isEmpty()) {
            throw new UsageException("no program given");
        }
        Plinth.preload();
        requireUnicode(arguments.operands());
        requireUnicode(arguments.values(ENV).toList());
        SandboxSpec.Builder spec = spec(arguments);
        Optional<Path> logFile = arguments.value(CommonOptions.DEBUG_LOG).map(Path::of);
        DebugLog log = logFile.map(DebugLog::inFile).orElseGet(DebugLog::onStandardError);
        if (arguments.has(STRACE)) {
            spec.strace(log::line);
        }
        Plinth plinth = Plinth.create(CommonOptions.plugins(arguments, launch));
        spec.stdio(new Stdio.Inherited(launch.closedStdio(), log.donation(plinth.host())));
        // The JVM takes 300 ms to end while a thread of it is in a call of the host: none is, once
        // the signals are closed.
        try (TerminationSignals signals = new TerminationSignals(plinth.host());
                LoadedPlatform platform = CommonOptions.platform(arguments, plinth);
                Sandbox sandbox = plinth.newSandbox(spec.build(), platform)) {
            signals.sendTo(sandbox);
            sandbox.start();
            ExitStatus status = sandbox.awaitExit();
            sandbox.failure().ifPresent(console::problem);
            return status.shellStatus();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }

    /** Where bytes are not UTF-8 the JVM gives this, and the program would get something else. */
    private static void requireUnicode(List<String> words) {
        for (String word : words) {
            if (word.indexOf('\uFFFD') >= 0) {
                throw new UsageException("'" + word + "' is not UTF-8, or contains U+FFFD");
            }
        }
    }

    private SandboxSpec.Builder spec(Arguments arguments) {
        Optional<Path> rootfs = arguments.value(ROOTFS).map(Path::of);
        SandboxSpec.Builder spec =
                SandboxSpec.builder(arguments.operands())
                        .environment(
                                GuestEnvironment.of(
                                        callerEnvironment(),
                                        rootfs.isEmpty(),
                                        arguments.values(ENV).toList()))
                        .cwd(arguments.value(CWD).orElse(rootfs.isPresent() ? "/" : callerCwd()));
        rootfs.ifPresent(spec::rootfs);
        arguments.values(MOUNT).map(MountOption::parse).forEach(spec::mount);
        return spec;
    }

    private Map<String, String> callerEnvironment() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.remove("LC_ALL");
        launch.lcAll().ifPresent(value -> environment.put("LC_ALL", value));
        return environment;
    }

    private static String callerCwd() {
        return Path.of("").toAbsolutePath().toString();
    }
}
