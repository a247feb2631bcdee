package dev.plinth.kernel.boot;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.testkit.mock.GuestCode;
import dev.plinth.testkit.mock.MockPlatformFactory;
import dev.plinth.testkit.mock.MockProgram;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/** Runs Java code as the first process of a sandbox on the mock platform. */
public final class MockRun {
    private static final Plinth PLINTH = Plinth.create(Path.of("/nonexistent"));

    private final MockPlatformFactory factory = new MockPlatformFactory();
    private final RefusingPlatforms platforms = new RefusingPlatforms(factory);
    private final Path rootfs;
    private final List<String> arguments = new ArrayList<>(List.of("/main"));
    private final List<String> environment = new ArrayList<>();
    private final List<String> trace = new ArrayList<>();
    private final List<SandboxSpec.HostMount> mounts = new ArrayList<>();
    private final Map<FdRole, HostFd> stdio = new HashMap<>();
    private Optional<String> failure = Optional.empty();

    /** A sandbox whose root is a directory of the host. */
    public MockRun(Path rootfs) {
        this.rootfs = rootfs;
    }

    /** Makes a program besides the first one, such as a signal handler. */
    public MockProgram program(String name, GuestCode code) {
        return factory.programs().add(name, code);
    }

    /** What can be told to refuse contexts and address spaces. */
    public RefusingPlatforms platforms() {
        return platforms;
    }

    /** A platform for the same programs, which tells them of another processor. */
    public PlatformFactory platformWith(CpuFeatures cpu) {
        return factory.withCpu(cpu);
    }

    /** A platform for the same programs that has other features. */
    public PlatformFactory platformWith(Set<PlatformFeature> features) {
        return factory.withFeatures(features);
    }

    /** Adds arguments of the first program. */
    public MockRun arguments(String... more) {
        arguments.addAll(List.of(more));
        return this;
    }

    /** Adds variables of the first program's environment. */
    public MockRun environment(String... variables) {
        environment.addAll(List.of(variables));
        return this;
    }

    /**
     * Gives the first program a descriptor 0, 1 or 2.
     *
     * @param fd taken over by the sandbox
     */
    public MockRun stdio(int number, HostFd fd) {
        stdio.put(FdRole.stdio(number), fd);
        return this;
    }

    /** Shows a directory of the host. */
    public MockRun mount(SandboxSpec.HostMount mount) {
        mounts.add(mount);
        return this;
    }

    /** Runs the code to its end. */
    public ExitStatus run(GuestCode code) throws IOException, InterruptedException {
        try (Sandbox sandbox = sandbox(code)) {
            sandbox.start();
            ExitStatus status = sandbox.awaitExit();
            failure = sandbox.failure();
            return status;
        }
    }

    /**
     * Runs the code, and sends it a signal from outside.
     *
     * @param ready counted down when it is time for the signal
     */
    public ExitStatus runAndSignal(GuestCode code, CountDownLatch ready, Signal signal)
            throws IOException, InterruptedException {
        try (Sandbox sandbox = sandbox(code)) {
            sandbox.start();
            ready.await();
            sandbox.signal(signal);
            return sandbox.awaitExit();
        }
    }

    /**
     * Runs the code, and sends it a signal again and again: for code that a single one could reach
     * before it waits.
     *
     * @param ready counted down when it is time for the first
     */
    public ExitStatus runAndKeepSignalling(GuestCode code, CountDownLatch ready, Signal signal)
            throws IOException, InterruptedException {
        try (Sandbox sandbox = sandbox(code)) {
            sandbox.start();
            ready.await();
            Thread sender =
                    Thread.ofPlatform()
                            .start(() -> {
                                while (!Thread.currentThread().isInterrupted()) {
                                    sandbox.signal(signal);
                                    LockSupport.parkNanos(20_000_000);
                                }
                            });
            try {
                return sandbox.awaitExit();
            } finally {
                sender.interrupt();
                sender.join();
            }
        }
    }

    /** A sandbox with the code loaded as its first program. */
    public Sandbox sandbox(GuestCode code) throws IOException {
        Path file = rootfs.resolve("main");
        Files.write(file, factory.programs().add("main", code).elf());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
        SandboxSpec.Builder spec =
                SandboxSpec.builder(arguments)
                        .environment(environment)
                        .rootfs(rootfs)
                        .stdio(new Stdio.Given(stdio))
                        .strace(this::addToTrace);
        mounts.forEach(spec::mount);
        return PLINTH.newSandbox(spec.build(), platforms);
    }

    /** What a sandbox is made of. */
    public static Kernel kernelOf(Sandbox sandbox) {
        return sandbox.kernel();
    }

    /** What was written into an image, on another platform that knows the same programs. */
    public Sandbox restore(Path image) {
        return restore(image, platforms);
    }

    /** What was written into an image, on a platform. */
    public Sandbox restore(Path image, PlatformFactory platform) {
        return restore(RestoreSpec.of(image), platform);
    }

    /** The same as a specification says, with no stdio. */
    public Sandbox restore(RestoreSpec spec, PlatformFactory platform) {
        return PLINTH.restore(
                spec.withStdio(new Stdio.Given(Map.of())).withStrace(this::addToTrace), platform);
    }

    private void addToTrace(String line) {
        synchronized (trace) {
            trace.add(line);
        }
    }

    /** The lines of the trace of system calls. */
    public List<String> trace() {
        synchronized (trace) {
            return List.copyOf(trace);
        }
    }

    /** What the sandbox told its user beside the exit status. */
    public Optional<String> failure() {
        return failure;
    }
}
