package dev.plinth.cli;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.boot.RestoreProgress;
import dev.plinth.kernel.donation.LauncherDonation;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SequencedMap;

/**
 * Starts a sandbox in a process of its own: opens the devices, lays the descriptors out, and spawns
 * a JVM like this one that inherits exactly those.
 */
final class DetachedLaunch {
    private static final long SYS_WAIT4 = 61;
    private static final long SYS_KILL = 62;
    private static final long SYS_PIPE2 = 293;
    private static final long O_CLOEXEC = 02000000;
    private static final long SIGKILL = 9;

    private final HostKernel host;
    private final Launch launch;
    private final Object launchLock = new Object();

    /** The sandbox's process until it is on its own; only while it is it can be given up. */
    @GuardedBy("launchLock")
    private OptionalInt spawned = OptionalInt.empty();

    @GuardedBy("launchLock")
    private Optional<Signal> interruption = Optional.empty();

    DetachedLaunch(HostKernel host, Launch launch) {
        this.host = requireNonNull(host, "host is null");
        this.launch = requireNonNull(launch, "launch is null");
    }

    /**
     * Starts it, and waits until it runs.
     *
     * @param others what is donated beside stdio and devices, in order; taken over
     * @param words of the command that says what is to run
     * @param progress is told how far it is, if it takes its time
     * @return the signal that came before it ran, over which it was given up; empty if it runs
     * @throws SandboxException if it does not come to run: nothing is left of it then
     */
    Optional<Signal> start(
            PlatformFactory platform,
            SequencedMap<FdRole, HostFd> others,
            List<String> words,
            RestoreProgress progress) {
        try (HostFd report = openReport(others)) {
            int child;
            try (LauncherDonation donation =
                    LauncherDonation.collect(
                            host, platform.devices(), launch.closedStdio(), others)) {
                SpawnRequest request =
                        new SpawnRequest(
                                "/proc/self/exe",
                                arguments(platform.name(), donation.manifest().encoded(), words),
                                environment(),
                                donation.descriptors(),
                                true);
                synchronized (launchLock) {
                    if (interruption.isPresent()) {
                        return interruption;
                    }
                    child = host.spawn(request);
                    spawned = OptionalInt.of(child);
                }
            }
            boolean runs = false;
            try {
                LaunchReport.await(host, report, progress);
                runs = complete().isEmpty();
            } catch (SandboxException e) {
                if (complete().isEmpty()) {
                    throw e;
                }
            } finally {
                if (!runs) {
                    Optional<Signal> _ = complete();
                    host.syscall(SYS_KILL, child, SIGKILL);
                    host.syscall(SYS_WAIT4, child, 0, 0, 0);
                }
            }
            return runs ? Optional.empty() : complete();
        }
    }

    /** The sandbox is on its own from now on, unless a signal came before. */
    private Optional<Signal> complete() {
        synchronized (launchLock) {
            spawned = OptionalInt.empty();
            return interruption;
        }
    }

    /** Gives the launch up, unless the sandbox runs already. Any thread may call it. */
    void interrupt(Signal signal) {
        synchronized (launchLock) {
            interruption = Optional.of(signal);
            spawned.ifPresent(child -> host.syscall(SYS_KILL, child, SIGKILL));
        }
    }

    /** Adds the writing end of a pipe to what is donated, and gives the reading end. */
    private HostFd openReport(SequencedMap<FdRole, HostFd> others) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(JAVA_INT, 2);
            host.require("pipe2(launcher)", SYS_PIPE2, ends.address(), O_CLOEXEC);
            others.putLast(FdRole.LAUNCHER, new HostFd(host, ends.getAtIndex(JAVA_INT, 1)));
            return new HostFd(host, ends.getAtIndex(JAVA_INT, 0));
        }
    }

    /** This JVM's own options, and the command of a sandbox process. */
    private static List<String> arguments(String platform, String manifest, List<String> words) {
        List<String> arguments = new ArrayList<>();
        for (String word : ownArguments()) {
            arguments.add(word);
            if (word.equals(Main.class.getName())) {
                break;
            }
        }
        arguments.addAll(
                List.of(
                        SandboxCommand.NAME,
                        Arguments.name(CommonOptions.PLATFORM),
                        platform,
                        Arguments.name(SandboxCommand.DONATED),
                        manifest,
                        "--"));
        arguments.addAll(words);
        return arguments;
    }

    private static List<String> ownArguments() {
        try {
            String line = Files.readString(Path.of("/proc/self/cmdline"), StandardCharsets.UTF_8);
            return List.of(line.split("\0", -1));
        } catch (IOException e) {
            throw new SandboxException(
                    ErrorCode.HOST_EXHAUSTED,
                    "/proc/self/cmdline cannot be read",
                    "mount /proc",
                    e);
        }
    }

    private static List<String> environment() {
        return System.getenv().entrySet().stream()
                .map(variable -> variable.getKey() + "=" + variable.getValue())
                .toList();
    }
}
