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
import java.util.function.Function;

/** A sandbox of this JVM whose program answers a line with a line. */
final class Dialogue implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long POLL_NANOS = 1_000_000;

    private static final List<StdioKind> KINDS =
            List.of(StdioKind.PIPE, StdioKind.PIPE, StdioKind.NULL);

    private final StandardStreams streams;
    private final Sandbox sandbox;

    /** How many lines it has said. */
    private int lines;

    private Dialogue(StandardStreams streams, Sandbox sandbox) {
        this.streams = streams;
        this.sandbox = sandbox;
    }

    /** Starts a program; standard input and output are added to what is specified. */
    static Dialogue start(
            HostOpener opener, Plinth plinth, PlatformFactory platform, SandboxSpec.Builder spec) {
        return with(opener, stdio -> plinth.newSandbox(spec.stdio(stdio).build(), platform));
    }

    /** Lets one go on from an image; standard input and output are added. */
    static Dialogue restore(
            HostOpener opener, Plinth plinth, PlatformFactory platform, RestoreSpec spec) {
        return with(opener, stdio -> plinth.restore(spec.withStdio(stdio), platform));
    }

    private static Dialogue with(HostOpener opener, Function<Stdio, Sandbox> make) {
        StandardStreams streams = StandardStreams.open(opener, KINDS, Path.of(""));
        boolean complete = false;
        try {
            Sandbox sandbox = make.apply(new Stdio.Given(streams.byRole()));
            sandbox.start();
            complete = true;
            return new Dialogue(streams, sandbox);
        } finally {
            if (!complete) {
                streams.close();
            }
        }
    }

    Sandbox sandbox() {
        return sandbox;
    }

    String ask(String question) throws IOException {
        streams.get(0).send(question + "\n");
        return awaitLine();
    }

    /** Waits for one more line. */
    String awaitLine() throws IOException {
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
