package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreProgress;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.plugin.LoadedPlatform;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** {@code plinth run}: runs a program in a sandbox. */
final class RunCommand implements StartingCommand {
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
    static final Option ENV =
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
    private static final Option USER =
            CommonOptions.withValue(
                    "user",
                    "UID[:GID]",
                    "run as this user and group, with no further groups (default: you; GID is UID"
                            + " if only that is given)");
    private static final Option HOSTNAME =
            CommonOptions.withValue(
                    "hostname", "NAME", "what the sandbox calls itself (default: the host's name)");
    private static final Option MEMORY =
            CommonOptions.withValue(
                    "memory",
                    "BYTES",
                    "how much memory all programs and their files in memory may take, with k, m or"
                            + " g for KiB, MiB or GiB (default: what the host has)");
    private static final Option PIDS =
            CommonOptions.withValue(
                    "pids",
                    "N",
                    "how many processes and threads there may be at once (default: "
                            + SandboxSpec.Bounds.DEFAULT_TASKS
                            + ")");
    static final Option STRACE =
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
        return SandboxStart.addTo(
                new Options()
                        .addOption(CommonOptions.PLATFORM)
                        .addOption(ROOTFS)
                        .addOption(MOUNT)
                        .addOption(CWD)
                        .addOption(ENV)
                        .addOption(USER)
                        .addOption(HOSTNAME)
                        .addOption(MEMORY)
                        .addOption(PIDS));
    }

    @Override
    public String notes() {
        return """
        Examples:
          plinth run --mount "$PWD:/work:rw" --cwd /work -- /bin/busybox ls -l
          plinth run --detach --id web -- /bin/busybox httpd -f; plinth exec web -- ps

        A PROGRAM without a slash is looked for in the PATH of the sandbox.

        Environment: PATH is the system's default, HOME yours (/ with --rootfs), TERM
        and LANG yours if they are set. Nothing else of yours is handed over unless
        --env says so.

        Signals: SIGINT (Ctrl-C), SIGQUIT (Ctrl-\\), SIGTERM and SIGHUP are sent on to
        the program. If it ignores them: 'kill -9' of plinth ends it and leaves nothing
        behind (in a terminal: Ctrl-Z, then 'kill -9 %1').

        With --detach the program keeps standard input, output and error as they are,
        in a session of its own; 'plinth wait NAME' gives its exit status, and
        'plinth delete NAME' makes the name free again.

        Exit status: that of PROGRAM; 128+N if signal N ended it.
          127  PROGRAM was not found
          126  PROGRAM was found but cannot be executed
          125  the sandbox could not be made
            2  the options make no sense
        """;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return failureStatusOf(code);
    }

    /** The exit status when a program could not be run. */
    static int failureStatusOf(ErrorCode code) {
        return switch (code) {
            case PROGRAM_NOT_FOUND -> NOT_FOUND_STATUS;
            case PROGRAM_NOT_EXECUTABLE -> NOT_EXECUTABLE_STATUS;
            default -> FAILURE_STATUS;
        };
    }

    @Override
    public int run(Arguments arguments, Console console) {
        return new SandboxStart(launch, this).run(arguments, console);
    }

    @Override
    public SandboxSource source(Arguments arguments) {
        if (arguments.operands().isEmpty()) {
            throw new UsageException("no program given");
        }
        requireUnicode(arguments.operands());
        requireUnicode(arguments.values(ENV).toList());
        return new ProgramSource(spec(arguments), arguments.has(STRACE));
    }

    /** A sandbox for a program, which begins in it. */
    private record ProgramSource(SandboxSpec.Builder spec, boolean traced)
            implements SandboxSource {
        @Override
        public Sandbox make(
                Plinth plinth,
                LoadedPlatform platform,
                Stdio stdio,
                DebugLog log,
                RestoreProgress progress) {
            if (traced) {
                spec.strace(log::line);
            }
            return plinth.newSandbox(spec.stdio(stdio).build(), platform);
        }

        @Override
        public Origin origin() {
            SandboxSpec built = spec.build();
            return new Origin(
                    whole(built.rootfs()).toString(), built.arguments(), Optional.empty());
        }
    }

    private static Path whole(Path path) {
        return path.toAbsolutePath().normalize();
    }

    /** Where bytes are not UTF-8 the JVM gives this, and the program would get something else. */
    static void requireUnicode(List<String> words) {
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
                                        launch.callerEnvironment(),
                                        rootfs.isEmpty()
                                                || GuestEnvironment.isHostRoot(
                                                        whole(rootfs.get()).toString()),
                                        arguments.values(ENV).toList()))
                        .cwd(arguments.value(CWD).orElse(rootfs.isPresent() ? "/" : callerCwd()));
        rootfs.ifPresent(spec::rootfs);
        arguments.values(MOUNT).map(MountOption::parse).forEach(spec::mount);
        arguments.value(USER).map(SandboxOptions::user).ifPresent(spec::user);
        SandboxStart.checkpoints(arguments).ifPresent(spec::checkpoints);
        arguments.value(HOSTNAME).map(SandboxOptions::hostname).ifPresent(spec::hostname);
        spec.bounds(
                new SandboxSpec.Bounds(
                        arguments
                                .value(MEMORY)
                                .map(SandboxOptions::memory)
                                .orElse(SandboxSpec.Bounds.UNLIMITED),
                        arguments
                                .value(PIDS)
                                .map(SandboxOptions::tasks)
                                .orElse(SandboxSpec.Bounds.DEFAULT_TASKS)));
        return spec;
    }

    private static String callerCwd() {
        return Path.of("").toAbsolutePath().toString();
    }
}
