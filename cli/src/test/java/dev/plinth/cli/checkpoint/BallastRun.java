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

    /** How often it was asked. */
    private int asked;

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
        run.awaitOutput("ready\n");
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
        String before = streams.get(1).received();
        asked++;
        streams.get(0).send("\n");
        awaitOutput(before + "intact\n");
    }

    private void awaitOutput(String expected) throws IOException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (streams.get(1).received().length() < expected.length()) {
            if (System.nanoTime() > deadline) {
                fail(
                        "the program does not go on after "
                                + asked
                                + " questions: "
                                + sandbox.failure());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        assertEquals(expected, streams.get(1).received());
    }

    @Override
    public void close() {
        sandbox.close();
        streams.close();
    }
}
