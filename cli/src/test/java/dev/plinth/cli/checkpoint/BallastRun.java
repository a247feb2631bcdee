package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A sandbox whose program keeps memory, and can tell whether it is what it was. */
final class BallastRun implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long POLL_NANOS = 1_000_000;

    private static final List<StdioKind> KINDS =
            List.of(StdioKind.PIPE, StdioKind.PIPE, StdioKind.NULL);

    private final StandardStreams streams;
    private final Sandbox sandbox;

    /** How many lines it has said. */
    private int lines;

    private BallastRun(StandardStreams streams, Sandbox sandbox) {
        this.streams = streams;
        this.sandbox = sandbox;
    }

    /**
     * Starts the program, and waits until it has its memory.
     *
     * @param program {@code ballast.c}, compiled
     * @param kibibytes how much it keeps
     */
    static BallastRun start(
            HostOpener opener, Plinth plinth, PlatformFactory platform, Path program, int kibibytes)
            throws IOException {
        StandardStreams streams = StandardStreams.open(opener, KINDS, Path.of(""));
        SandboxSpec spec =
                SandboxSpec.builder(List.of(program.toString(), Integer.toString(kibibytes)))
                        .stdio(new Stdio.Given(streams.byRole()))
                        .build();
        BallastRun run = new BallastRun(streams, plinth.newSandbox(spec, platform));
        run.sandbox.start();
        assertEquals("ready", run.awaitLine());
        return run;
    }

    /** Lets it go on from an image. */
    static BallastRun restore(
            HostOpener opener, Plinth plinth, PlatformFactory platform, Path image) {
        StandardStreams streams = StandardStreams.open(opener, KINDS, Path.of(""));
        boolean complete = false;
        try {
            RestoreSpec spec = RestoreSpec.of(image).withStdio(new Stdio.Given(streams.byRole()));
            BallastRun run = new BallastRun(streams, plinth.restore(spec, platform));
            run.sandbox.start();
            complete = true;
            return run;
        } finally {
            if (!complete) {
                streams.close();
            }
        }
    }

    Sandbox sandbox() {
        return sandbox;
    }

    /** Asks the program, which goes over all of its memory. */
    void requireIntact() throws IOException {
        assertEquals("intact", ask("check"));
    }

    /** Adds a number to all that it keeps. */
    void add(int number) throws IOException {
        assertEquals("added", ask("add " + number));
    }

    /** What was added. */
    int sum() throws IOException {
        return Integer.parseInt(ask("sum"));
    }

    private String ask(String question) throws IOException {
        streams.get(0).send(question + "\n");
        return awaitLine();
    }

    private String awaitLine() throws IOException {
        lines++;
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (streams.get(1).received().lines().count() < lines) {
            if (System.nanoTime() > deadline) {
                fail("the program does not go on; " + sandbox.failure());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        List<String> received = streams.get(1).received().lines().toList();
        assertEquals(lines, received.size(), received::toString);
        return received.getLast();
    }

    @Override
    public void close() {
        sandbox.close();
        streams.close();
    }
}
