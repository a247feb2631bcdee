package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.task.ExitStatus;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Runs programs in sandboxes of this JVM, on one platform.
 *
 * <p>One thread at a time: what hangs is told from other sandboxes' threads by that.
 */
final class Inside implements AutoCloseable {
    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_RDONLY = 0;
    private static final long O_WRONLY = 1;
    private static final long O_CREAT = 0100;
    private static final long O_TRUNC = 01000;
    private static final long O_CLOEXEC = 02000000;
    private static final long MODE = 0600;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Plinth plinth;
    private final LoadedPlatform platform;
    private final Optional<PlatformSwaps> swaps;
    private final Optional<PlatformRestores> restores;

    /** Loads a platform, which has to work here. */
    Inside(Plinth plinth, String platform) {
        this(plinth, platform, Optional.empty(), Optional.empty());
    }

    private Inside(
            Plinth plinth,
            String platform,
            Optional<PlatformSwaps> swaps,
            Optional<PlatformRestores> restores) {
        this.plinth = requireNonNull(plinth, "plinth is null");
        this.platform = plinth.loadPlatform(platform);
        this.swaps = swaps;
        this.restores = restores;
    }

    /** Loads two platforms, between which sandboxes are swapped at every so many system calls. */
    static Inside swapping(Plinth plinth, String platform, String other, int everyCalls) {
        return new Inside(
                plinth,
                platform,
                Optional.of(new PlatformSwaps(plinth, List.of(other, platform), everyCalls)),
                Optional.empty());
    }

    /**
     * Loads two platforms, onto which sandboxes are restored in turn at every so many system calls.
     */
    static Inside restoring(Plinth plinth, String platform, String other, int everyCalls) {
        return new Inside(
                plinth,
                platform,
                Optional.empty(),
                Optional.of(new PlatformRestores(plinth, List.of(platform, other), everyCalls)));
    }

    /**
     * Runs a program to its end.
     *
     * @param program with its arguments
     * @param place where it runs; the host sees nothing of what it does there
     * @param limit how long it may take
     * @param trace takes a line for each system call
     * @return what was observed; if it takes too long, with what its threads were doing in the end
     */
    Observation run(
            List<String> program, RunPlace place, Duration limit, Optional<Consumer<String>> trace)
            throws IOException, InterruptedException {
        if (restores.isPresent()) {
            return restores.get().run(program, place, limit);
        }
        SandboxSpec.Builder spec =
                SandboxSpec.builder(program)
                        .environment(Commands.ENVIRONMENT)
                        .cwd(place.directory().toString())
                        .stdio(new Stdio.Given(stdio(place)));
        trace.ifPresent(spec::strace);
        Optional<PlatformSwaps.Run> swapping = swaps.map(PlatformSwaps::begin);
        swapping.ifPresent(each -> spec.disturb(each.disturbance()));
        String end = end(plinth.newSandbox(spec.build(), platform), limit);
        end += swapping.flatMap(PlatformSwaps.Run::failure).map(each -> ", and " + each).orElse("");
        if (!place.content().isEmpty()) {
            end += ", and the host's directory was changed";
        }
        return place.observe(end);
    }

    private Map<FdRole, HostFd> stdio(RunPlace place) {
        long writing = O_WRONLY | O_CREAT | O_TRUNC;
        return Map.of(
                FdRole.STDIN, open(Path.of("/dev/null"), O_RDONLY),
                FdRole.STDOUT, open(place.output(), writing),
                FdRole.STDERR, open(place.errors(), writing));
    }

    private HostFd open(Path file, long flags) {
        HostKernel host = plinth.host();
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(file.toString()).address();
            long fd =
                    host.require(
                            "openat(" + file + ")",
                            SYS_OPENAT,
                            AT_FDCWD,
                            path,
                            flags | O_CLOEXEC,
                            MODE);
            return new HostFd(host, (int) fd);
        }
    }

    /** How a sandbox ends, in the words of the launcher outside; it is closed then. */
    private static String end(Sandbox sandbox, Duration limit) throws InterruptedException {
        AtomicReference<String> end = new AtomicReference<>("");
        boolean ended =
                isDoneWithin(
                        limit,
                        () -> {
                            sandbox.start();
                            return end.compareAndSet("", words(sandbox.awaitExit()));
                        });
        if (!ended) {
            end.set("hung" + stacks());
        }
        boolean closed =
                isDoneWithin(
                        PATIENCE,
                        () -> {
                            sandbox.close();
                            return sandbox;
                        });
        if (!closed) {
            return end + "; the sandbox cannot be closed" + stacks();
        }
        return sandbox.failure().map(failure -> end + " (" + failure + ")").orElseGet(end::get);
    }

    /** Does something that may hang. */
    private static boolean isDoneWithin(Duration limit, Callable<?> task)
            throws InterruptedException {
        FutureTask<?> future = new FutureTask<>(task);
        Thread.ofPlatform().daemon().name("sandbox").start(future);
        try {
            future.get(limit.toSeconds(), TimeUnit.SECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static String words(ExitStatus status) {
        return switch (status) {
            case ExitStatus.Exited exited -> "exited with " + exited.code();
            case ExitStatus.Killed killed -> "killed by signal " + killed.signal().number();
        };
    }

    /** What the threads of tasks are doing, from the innermost call to what began it. */
    static String stacks() {
        List<String> stacks = new ArrayList<>();
        Thread.getAllStackTraces()
                .forEach((thread, stack) -> {
                    if (thread.getName().startsWith("task-")) {
                        String calls =
                                Arrays.stream(stack)
                                        .map(call -> "\n    " + call)
                                        .collect(joining());
                        stacks.add("\n  " + thread.getName() + calls);
                    }
                });
        return stacks.stream().sorted().collect(joining());
    }

    /** How often sandboxes went to another platform, if they do. */
    OptionalInt moves() {
        return Stream.of(swaps.map(PlatformSwaps::count), restores.map(PlatformRestores::count))
                .flatMap(Optional::stream)
                .mapToInt(Integer::intValue)
                .findFirst();
    }

    @Override
    public void close() {
        platform.close();
        swaps.ifPresent(PlatformSwaps::close);
        restores.ifPresent(PlatformRestores::close);
    }
}
