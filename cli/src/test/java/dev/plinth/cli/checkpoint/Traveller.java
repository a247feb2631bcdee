package dev.plinth.cli.checkpoint;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.task.ExitStatus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A program in a sandbox that is moved about.
 *
 * <p>Confined to one thread at a time.
 */
final class Traveller implements AutoCloseable {
    /** What cases find in their environment. */
    private static final List<String> ENVIRONMENT =
            List.of("PATH=/usr/bin:/bin", "LANG=C.UTF-8", "INSIDE=1");

    private static final long LIMIT_SECONDS = 60;

    private final Plinth plinth;
    private final Map<String, LoadedPlatform> platforms;
    private final Path directory;
    private final List<Stage> stages = new ArrayList<>();
    private Sandbox sandbox;
    private int images;

    /**
     * Begins a program.
     *
     * @param directory for whatever is needed on the host; it exists and is empty
     */
    Traveller(
            Plinth plinth,
            Map<String, LoadedPlatform> platforms,
            Path directory,
            List<String> program,
            String first)
            throws IOException, InterruptedException {
        this.plinth = requireNonNull(plinth, "plinth is null");
        this.platforms = Map.copyOf(platforms);
        this.directory = requireNonNull(directory, "directory is null");
        Path place = Files.createDirectory(directory.resolve("place"));
        SandboxSpec spec =
                SandboxSpec.builder(program)
                        .environment(ENVIRONMENT)
                        .cwd(place.toString())
                        .stdio(new Stdio.Given(nextStage().stdio()))
                        .build();
        sandbox = plinth.newSandbox(spec, platforms.get(first));
        sandbox.start();
    }

    /** Runs a case along a route, and says what was wrong; empty if nothing was. */
    static String run(
            Plinth plinth,
            Map<String, LoadedPlatform> platforms,
            SavedCase savedCase,
            Route route,
            Path directory)
            throws IOException, InterruptedException {
        try (Traveller traveller =
                new Traveller(plinth, platforms, directory, savedCase.command(), route.first())) {
            if (!traveller.awaitGate().isEmpty()) {
                for (Move move : route.moves()) {
                    traveller.move(move);
                }
            }
            traveller.answer();
            String end = traveller.end();
            String wrong = Gate.without(traveller.printed());
            return end.equals("exited with 0") ? wrong : wrong + end;
        }
    }

    private Stage nextStage() throws IOException {
        Path of = Files.createDirectory(directory.resolve("stage-" + stages.size()));
        stages.add(new Stage(plinth.host(), of));
        return stages.getLast();
    }

    /** Waits until the program is at its gate; gives what it printed there. */
    String awaitGate() throws IOException, InterruptedException {
        FutureTask<?> ended = begin(sandbox::awaitExit);
        return Gate.await(this::printed, ended::isDone);
    }

    /** Lets the program at the gate go on. */
    void answer() throws IOException {
        stages.getLast().answer();
    }

    /** Does something to the sandbox, which has not ended. */
    void move(Move move) throws IOException {
        switch (move) {
            case Move.Pause pause -> {
                sandbox.pause();
                sandbox.resume();
            }
            case Move.Snapshot snapshot -> checkpoint(true);
            case Move.Swap swap -> sandbox.swap(platforms.get(swap.platform()).factory());
            case Move.Restore restore -> {
                Path image = checkpoint(false);
                sandbox.close();
                RestoreSpec spec =
                        RestoreSpec.of(image).withStdio(new Stdio.Given(nextStage().stdio()));
                sandbox = plinth.restore(spec, platforms.get(restore.platform()));
                sandbox.start();
            }
        }
    }

    private Path checkpoint(boolean leaveRunning) {
        Path image = directory.resolve("image-" + images++);
        sandbox.checkpoint(new CheckpointSpec(image, leaveRunning, Compression.NONE));
        return image;
    }

    /** What was printed since the program began. */
    String printed() {
        StringBuilder all = new StringBuilder();
        stages.forEach(stage -> all.append(stage.printed()));
        return all.toString();
    }

    /** Waits for the end, and says how it was; if there is none, what threads were doing. */
    String end() throws InterruptedException {
        Optional<ExitStatus> status = within(sandbox::awaitExit);
        String end =
                status.map(each ->
                                switch (each) {
                                    case ExitStatus.Exited exited -> "exited with " + exited.code();
                                    case ExitStatus.Killed killed ->
                                            "killed by signal " + killed.signal().number();
                                })
                        .orElseGet(() -> "hung" + stacks());
        return sandbox.failure().map(failure -> end + " (" + failure + ")").orElse(end);
    }

    @Override
    public void close() {
        try {
            Optional<Boolean> closed =
                    within(() -> {
                        sandbox.close();
                        return true;
                    });
            if (closed.isEmpty()) {
                throw new IllegalStateException("the sandbox cannot be closed" + stacks());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } finally {
            stages.forEach(Stage::close);
        }
    }

    /** Does what may hang; empty if it does. */
    private static <T> Optional<T> within(Callable<T> task) throws InterruptedException {
        try {
            return Optional.of(begin(task).get(LIMIT_SECONDS, TimeUnit.SECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private static <T> FutureTask<T> begin(Callable<T> task) {
        FutureTask<T> future = new FutureTask<>(task);
        Thread.ofPlatform().daemon().name("traveller").start(future);
        return future;
    }

    /** What the threads of all tasks here are doing. */
    private static String stacks() {
        StringBuilder text = new StringBuilder();
        Thread.getAllStackTraces()
                .forEach((thread, stack) -> {
                    if (thread.getName().startsWith("task-")) {
                        text.append("\n  ").append(thread.getName());
                        Arrays.stream(stack).forEach(call -> text.append("\n    ").append(call));
                    }
                });
        return text.toString();
    }
}
