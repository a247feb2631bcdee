package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Signal;
import dev.plinth.cli.control.HostProcess;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.SandboxRegistration;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.cli.control.linux.SocketCalls;
import dev.plinth.kernel.boot.CheckpointHandler;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.task.ExitStatus;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;

/** Starts a sandbox: in this process, with or without a name, or in one of its own. */
final class SandboxStart {
    static final Option ID =
            CommonOptions.withValue(
                    "id", "NAME", "the name by which other commands reach the sandbox");
    static final Option DETACH =
            Option.builder()
                    .longOpt("detach")
                    .desc("return when the sandbox runs, and leave it running; needs --id")
                    .get();

    static final Option CHECKPOINTS =
            CommonOptions.withValue(
                    "checkpoints",
                    "DIR",
                    "let programs have images of the sandbox written into DIR, by writing"
                            + " 'checkpoint NAME' to /proc/plinth/checkpoint");

    /** What takes its time, when a sandbox is started. */
    private static final String RESTORE = "restore";

    private final Launch launch;
    private final StartingCommand command;

    SandboxStart(Launch launch, StartingCommand command) {
        this.launch = requireNonNull(launch, "launch is null");
        this.command = requireNonNull(command, "command is null");
    }

    /** Adds what every command takes that starts a sandbox, behind what it takes besides. */
    static Options addTo(Options options) {
        return options.addOption(RunCommand.STRACE)
                .addOption(ID)
                .addOption(DETACH)
                .addOption(CommonOptions.ROOT)
                .addOption(CHECKPOINTS)
                .addOption(CommonOptions.DEBUG_LOG)
                .addOption(CommonOptions.PLUGINS);
    }

    /**
     * Starts a sandbox as the arguments say.
     *
     * @return its exit status; zero for one that runs on in a process of its own
     */
    int run(Arguments arguments, Console console) {
        Plinth.preload();
        SandboxSource source = command.source(arguments);
        Optional<String> id = id(arguments);
        if (arguments.has(DETACH) && id.isEmpty()) {
            throw new UsageException("--detach needs a name for the sandbox, with --id NAME");
        }
        Optional<Path> logFile = arguments.value(CommonOptions.DEBUG_LOG).map(Path::of);
        DebugLog log = logFile.map(DebugLog::inFile).orElseGet(DebugLog::onStandardError);
        Plinth plinth = Plinth.create(CommonOptions.plugins(arguments, launch));
        if (arguments.has(DETACH)) {
            return launchDetached(arguments, plinth, log, source, id.orElseThrow(), console);
        }
        SequencedMap<FdRole, HostFd> others = log.donation(plinth.host());
        // The JVM takes 300 ms to end while a thread of it is in a call of the host: none is, once
        // the signals are closed.
        try (TerminationSignals signals = new TerminationSignals(plinth.host());
                LoadedPlatform platform = CommonOptions.platform(arguments, plinth)) {
            if (id.isPresent()) {
                return runRegistered(
                        CommonOptions.stateRoot(arguments),
                        state(id.get(), platform, source),
                        new Making(plinth, platform, source, log, console),
                        others,
                        signals,
                        console);
            }
            Stdio stdio = new Stdio.Inherited(launch.closedStdio(), others);
            Making making = new Making(plinth, platform, source, log, console);
            try (Sandbox sandbox = making.make(stdio)) {
                signals.sendTo(sandbox);
                sandbox.start();
                ExitStatus status = sandbox.awaitExit();
                sandbox.failure().ifPresent(console::problem);
                return status.shellStatus();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }

    /** What a sandbox is made with. */
    private record Making(
            Plinth plinth,
            LoadedPlatform platform,
            SandboxSource source,
            DebugLog log,
            Console console) {
        /** Nothing more is shown when it is made: the terminal is the programs' then. */
        Sandbox make(Stdio stdio) {
            try (ProgressLine line = ProgressLine.ifLong(console, RESTORE)) {
                return source.make(plinth, platform, stdio, log, line::at);
            }
        }
    }

    private int runRegistered(
            StateRoot root,
            SandboxState state,
            Making making,
            SequencedMap<FdRole, HostFd> others,
            TerminationSignals signals,
            Console console)
            throws InterruptedException {
        signals.sendTo(signal -> {
            withdraw(root, state, console);
            TerminationSignals.end(signal);
        });
        SandboxDirectory directory = root.create(state);
        try {
            HostKernel host = making.plinth().host();
            others.putFirst(FdRole.CONTROL, listen(host, directory));
            Sandbox sandbox = making.make(new Stdio.Inherited(launch.closedStdio(), others));
            signals.sendTo(sandbox);
            return RegisteredRun.toEnd(
                    host, sandbox, new SandboxRegistration(directory, state), () -> {}, console);
        } finally {
            withdraw(root, state, console);
        }
    }

    /** Gives a name back; that this fails says nothing of how the sandbox went. */
    static void withdraw(StateRoot root, SandboxState state, Console console) {
        try {
            root.deleteOwn(state);
        } catch (SandboxException e) {
            console.problem(e);
        }
    }

    /** Where programs have images written, if they may. */
    static Optional<CheckpointHandler> checkpoints(Arguments arguments) {
        return arguments
                .value(CHECKPOINTS)
                .map(directory -> {
                    Path path = Path.of(directory).toAbsolutePath();
                    if (!Files.isDirectory(path)) {
                        throw new UsageException(
                                "--checkpoints '" + directory + "' is no directory");
                    }
                    return CheckpointHandler.into(path);
                });
    }

    private static Optional<String> id(Arguments arguments) {
        Optional<String> id = arguments.value(ID);
        id.flatMap(StateRoot::problemOf)
                .ifPresent(problem -> {
                    throw new UsageException("--id: " + problem);
                });
        return id;
    }

    static SandboxState state(String id, LoadedPlatform platform, SandboxSource source) {
        SandboxSource.Origin origin = source.origin();
        return new SandboxState(
                id,
                SandboxState.Status.CREATING,
                HostProcess.current(),
                platform.factory().name(),
                Instant.now(),
                origin.rootfs(),
                origin.program(),
                origin.image().map(Path::toString),
                OptionalInt.empty());
    }

    private static HostFd listen(HostKernel host, SandboxDirectory directory) {
        return new SocketCalls(host).listen(directory.path().toString(), SandboxDirectory.SOCKET);
    }

    private int launchDetached(
            Arguments arguments,
            Plinth plinth,
            DebugLog log,
            SandboxSource source,
            String id,
            Console console) {
        StateRoot root = CommonOptions.stateRoot(arguments);
        DetachedLaunch detached = new DetachedLaunch(plinth.host(), launch);
        try (LoadedPlatform platform = CommonOptions.platform(arguments, plinth);
                TerminationSignals _ = new TerminationSignals(plinth.host(), detached::interrupt)) {
            SandboxState state = state(id, platform, source);
            SandboxDirectory directory = root.create(state);
            boolean runs = false;
            try {
                SequencedMap<FdRole, HostFd> others = log.donation(plinth.host());
                others.putFirst(FdRole.CONTROL, listen(plinth.host(), directory));
                Optional<Signal> interruption;
                try (ProgressLine line = ProgressLine.ifLong(console, RESTORE)) {
                    interruption =
                            detached.start(platform.factory(), others, words(arguments), line::at);
                }
                runs = interruption.isEmpty();
                return interruption.map(TerminationSignals::statusOf).orElse(0);
            } finally {
                if (!runs) {
                    withdraw(root, state, console);
                }
            }
        }
    }

    private List<String> words(Arguments arguments) {
        List<String> words = new ArrayList<>(List.of(command.name()));
        words.addAll(arguments.words());
        return words;
    }
}
