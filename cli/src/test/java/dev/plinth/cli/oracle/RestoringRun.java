package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.task.ExitStatus;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Runs a program in a sandbox that is checkpointed and restored onto the next platform, again and
 * again: at every so many system calls, each time in the midst of whatever is going on then.
 *
 * <p>One run; confined to the thread that begins it.
 */
final class RestoringRun {
    private static final long SYS_LSEEK = 8;
    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_RDONLY = 0;
    private static final long O_WRONLY = 1;
    private static final long O_CREAT = 0100;
    private static final long O_TRUNC = 01000;
    private static final long O_CLOEXEC = 02000000;
    private static final long SEEK_END = 2;
    private static final long MODE = 0600;

    private final Plinth plinth;
    private final List<LoadedPlatform> platforms;
    private final int everyCalls;
    private final RunPlace place;
    private final long deadline;

    private final AtomicLong calls = new AtomicLong();

    /** Released when a checkpoint is due, and when a sandbox has ended. */
    private final Semaphore events = new Semaphore(0);

    private Sandbox sandbox;
    private FutureTask<ExitStatus> ended;
    private int restores;

    /** At which call the next checkpoint is. */
    private volatile long due;

    /**
     * Begins a run.
     *
     * @param platforms which it goes to in turn, from the first
     * @param everyCalls how many system calls are between two checkpoints
     * @param limit how long it may take
     */
    RestoringRun(
            Plinth plinth,
            List<LoadedPlatform> platforms,
            int everyCalls,
            List<String> program,
            RunPlace place,
            Duration limit) {
        this.plinth = requireNonNull(plinth, "plinth is null");
        this.platforms = List.copyOf(platforms);
        this.everyCalls = everyCalls;
        this.place = requireNonNull(place, "place is null");
        due = everyCalls;
        deadline = System.nanoTime() + limit.toNanos();
        SandboxSpec spec =
                SandboxSpec.builder(program)
                        .environment(Commands.ENVIRONMENT)
                        .cwd(place.directory().toString())
                        .stdio(stdio(O_TRUNC))
                        .strace(this::count)
                        .build();
        begin(plinth.newSandbox(spec, platforms.getFirst()));
    }

    /** Runs it to its end, and says how that was. */
    Observation run() throws IOException, InterruptedException {
        Path images = Files.createTempDirectory("restoring");
        try {
            return place.observe(end(images));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            sandbox.close();
            delete(images);
        }
    }

    /** How often it was restored. */
    int restores() {
        return restores;
    }

    private String end(Path images) throws IOException, InterruptedException, ExecutionException {
        while (events.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            if (ended.isDone()) {
                String end = words(ended.get());
                return sandbox.failure().map(failure -> end + " (" + failure + ")").orElse(end);
            }
            if (calls.get() < due) {
                // Only the sandbox that was checkpointed last has ended.
                continue;
            }
            due = calls.get() + everyCalls;
            Path image = images.resolve("image");
            try {
                sandbox.checkpoint(new CheckpointSpec(image, false, Compression.NONE));
            } catch (SandboxException e) {
                if (e.code() != ErrorCode.SANDBOX_STOPPED) {
                    throw e;
                }
                // It has just ended, which the next event says.
                ended.get();
                events.release();
                continue;
            }
            sandbox.close();
            restores++;
            RestoreSpec spec = RestoreSpec.of(image).withStdio(stdio(0)).withStrace(this::count);
            begin(plinth.restore(spec, platforms.get(restores % platforms.size())));
            delete(image);
        }
        return "hung" + Inside.stacks();
    }

    private void begin(Sandbox next) {
        sandbox = next;
        next.start();
        FutureTask<ExitStatus> task =
                new FutureTask<>(next::awaitExit) {
                    @Override
                    protected void done() {
                        events.release();
                    }
                };
        ended = task;
        Thread.ofPlatform().daemon().name("restoring").start(task);
    }

    /**
     * Counts calls that have come to their end. Calls that wait are broken off at each checkpoint,
     * and made again: many of those would have the next one be due before anything was done.
     */
    private void count(String line) {
        boolean ended = !line.endsWith("<unfinished ...>") && !line.contains("= ? ERESTART");
        if (ended && calls.incrementAndGet() >= due) {
            events.release();
        }
    }

    private static String words(ExitStatus status) {
        return switch (status) {
            case ExitStatus.Exited exited -> "exited with " + exited.code();
            case ExitStatus.Killed killed -> "killed by signal " + killed.signal().number();
        };
    }

    /** The files of the place, to be written at their ends. */
    private Stdio stdio(long flags) {
        long writing = O_WRONLY | O_CREAT | flags;
        return new Stdio.Given(
                Map.of(
                        FdRole.STDIN, open(Path.of("/dev/null"), O_RDONLY),
                        FdRole.STDOUT, open(place.output(), writing),
                        FdRole.STDERR, open(place.errors(), writing)));
    }

    /** Opens a file at its end. */
    private HostFd open(Path file, long flags) {
        HostKernel host = plinth.host();
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(file.toString()).address();
            String what = "open " + file;
            long fd = host.require(what, SYS_OPENAT, AT_FDCWD, path, flags | O_CLOEXEC, MODE);
            if (flags != O_RDONLY) {
                host.require(what, SYS_LSEEK, fd, 0, SEEK_END);
            }
            return new HostFd(host, (int) fd);
        }
    }

    private static void delete(Path tree) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(tree)) {
            files = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }
}
