package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;
import dev.plinth.cli.control.HostProcess;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.SandboxRegistration;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.donation.Adoption;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.donation.DonationManifest;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.plugin.LoadedPlatform;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.List;

/**
 * {@code plinth sandbox}: what a launcher spawns, a sandbox in a process of its own. Not for users:
 * the descriptors that it is told of must be there.
 */
final class SandboxCommand implements Command {
    static final String NAME = "sandbox";

    static final Option DONATED =
            CommonOptions.withValue("donated", "LIST", "the descriptors that the launcher gave");

    private final Launch launch;
    private final List<StartingCommand> commands;

    /** Starts what one of these commands says. */
    SandboxCommand(Launch launch, List<StartingCommand> commands) {
        this.launch = requireNonNull(launch, "launch is null");
        this.commands = List.copyOf(commands);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isForUsers() {
        return false;
    }

    @Override
    public String summary() {
        return "Be a sandbox that a launcher has spawned";
    }

    @Override
    public String synopsis() {
        return "--platform NAME --donated LIST -- COMMAND [ARG]...";
    }

    @Override
    public Options options() {
        return new Options().addOption(CommonOptions.PLATFORM).addOption(DONATED);
    }

    @Override
    public String notes() {
        return "";
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return RunCommand.FAILURE_STATUS;
    }

    @Override
    public int run(Arguments arguments, Console console) {
        DonationManifest manifest = manifest(arguments);
        int pipe =
                manifest.mappings().stream()
                        .filter(mapping -> mapping.role().equals(FdRole.LAUNCHER))
                        .mapToInt(FdMapping::number)
                        .findFirst()
                        .orElseThrow(() -> new UsageException("no launcher waits"));
        Plinth.preload();
        List<String> words = arguments.operands();
        StartingCommand command =
                commands.stream()
                        .filter(each -> !words.isEmpty() && each.name().equals(words.getFirst()))
                        .findFirst()
                        .orElseThrow(() -> new UsageException("nothing to start"));
        Arguments inner =
                Arguments.parse(Main.withGlobal(command.options()), words.subList(1, words.size()));
        DebugLog log = DebugLog.inherited(inner.has(CommonOptions.DEBUG_LOG));
        Plinth plinth = Plinth.create(CommonOptions.plugins(inner, launch));
        HostKernel host = plinth.host();
        LaunchReport report = LaunchReport.over(host, pipe);
        try {
            return runReporting(
                    plinth,
                    report,
                    arguments.value(CommonOptions.PLATFORM).orElseThrow(),
                    manifest,
                    command,
                    inner,
                    log,
                    console);
        } catch (LaunchReport.LauncherGoneException e) {
            // Whoever wanted the sandbox was interrupted before it ran.
            return RunCommand.FAILURE_STATUS;
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }

    private int runReporting(
            Plinth plinth,
            LaunchReport report,
            String platformName,
            DonationManifest manifest,
            StartingCommand command,
            Arguments inner,
            DebugLog log,
            Console console)
            throws InterruptedException {
        try {
            return run(
                    plinth,
                    report,
                    platformName,
                    manifest,
                    command.source(inner),
                    inner,
                    log,
                    console);
        } catch (SandboxException e) {
            return failed(report, e, console);
        } catch (HostCallException e) {
            SandboxException told =
                    new SandboxException(
                            ErrorCode.HOST_EXHAUSTED,
                            "the host refused something that Plinth needs: " + e.getMessage(),
                            Main.HOST_REMEDY,
                            e);
            return failed(report, told, console);
        }
    }

    private int failed(LaunchReport report, SandboxException e, Console console) {
        if (!report.fails(e)) {
            console.problem(e);
        }
        return failureStatus(e.code());
    }

    private static DonationManifest manifest(Arguments arguments) {
        try {
            return DonationManifest.parse(arguments.value(DONATED).orElse(""));
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static int run(
            Plinth plinth,
            LaunchReport report,
            String platformName,
            DonationManifest manifest,
            SandboxSource source,
            Arguments inner,
            DebugLog log,
            Console console)
            throws InterruptedException {
        HostKernel host = plinth.host();
        StateRoot root = CommonOptions.stateRoot(inner);
        SandboxDirectory directory = root.open(inner.value(SandboxStart.ID).orElseThrow());
        SandboxState state = directory.state().with(HostProcess.current());
        // Whether the platform works here the launcher knows; a device is not for this process to
        // open.
        try (TerminationSignals signals = new TerminationSignals(host);
                LoadedPlatform platform = plinth.plugins().load(platformName)) {
            DonatedDescriptors descriptors =
                    new Adoption(host).adopt(platform.factory().devices(), manifest);
            // The report has a descriptor of its own.
            descriptors.find(FdRole.LAUNCHER).ifPresent(HostFd::close);
            Sandbox sandbox =
                    source.make(
                            plinth,
                            platform,
                            new Stdio.Donated(descriptors),
                            log,
                            report::progress);
            signals.sendTo(sandbox);
            return RegisteredRun.toEnd(
                    host,
                    sandbox,
                    new SandboxRegistration(directory, state),
                    report::runs,
                    console);
        } catch (LaunchReport.LauncherGoneException e) {
            // One that was killed has not given the name back.
            SandboxStart.withdraw(root, state, console);
            throw e;
        }
    }
}
