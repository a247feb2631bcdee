package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.plinth.cli.Leftovers;
import dev.plinth.cli.TestPlatform;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The story that Plinth was begun for: a shell script goes from platform to platform, with and
 * without a debug log, from a process to the next, and what it knows of its standard descriptors
 * stays true.
 */
@Timeout(120)
@ExtendWith(Leftovers.class)
final class StoryIT {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long POLL_NANOS = 10_000_000;

    /** Counts in a variable of the shell, and has other processes do the rest. */
    private static final String SCRIPT =
            """
            count=0
            while [ ! -e /mnt/enough ]; do
                count=$((count + 1))
                echo "out $count"
                stat -L -c '%d %i' /dev/fd/0 /dev/fd/1 /dev/fd/2
                echo "err $count" >&2
                { echo "in $count" >&0; } 2>/dev/null
                sleep 0.05
            done
            echo "$count" >/mnt/count
            echo "over"
            """;

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private Registered sandbox;
    private Path shared;
    private Path script;
    private int images;

    @BeforeEach
    void prepare() throws IOException {
        sandbox = new Registered(opener, temporary.resolve("state"), "story");
        shared = Files.createDirectory(temporary.resolve("shared"));
        script = Files.writeString(temporary.resolve("story.sh"), SCRIPT);
    }

    @AfterEach
    void forget() {
        sandbox.delete();
    }

    /** A hop whose descriptors are three. */
    private static Side three(String platform, boolean log, StdioKind... kinds) {
        return new Side(platform, log, 0, false, List.of(kinds));
    }

    /** A hop whose descriptors are three of a kind. */
    private static Side each(String platform, boolean log, StdioKind kind) {
        return three(platform, log, kind, kind, kind);
    }

    /** A hop whose descriptors are one, as a terminal's are. */
    private static Side one(String platform, boolean log, StdioKind kind) {
        return new Side(platform, log, 0, true, List.of(kind, kind, kind));
    }

    @Test
    void aTerminalFromKvmWithALogToPtraceWithoutOneAndBack() throws IOException {
        requireBoth();
        tell(
                one("kvm", true, StdioKind.TERMINAL),
                one("ptrace", false, StdioKind.TERMINAL),
                one("kvm", false, StdioKind.FILE),
                one("ptrace", true, StdioKind.TERMINAL));
    }

    @Test
    void terminalsFromKvmWithALogToPtraceWithoutOneAndBack() throws IOException {
        requireBoth();
        tell(
                each("kvm", true, StdioKind.TERMINAL),
                each("ptrace", false, StdioKind.TERMINAL),
                each("kvm", false, StdioKind.TERMINAL));
    }

    @Test
    void pipesFromKvmWithALogToPtraceWithoutOneAndBack() throws IOException {
        requireBoth();
        tell(
                each("kvm", true, StdioKind.PIPE),
                each("ptrace", false, StdioKind.PIPE),
                each("kvm", true, StdioKind.PIPE));
    }

    @Test
    void otherKindsAtEachHop() throws IOException {
        requireBoth();
        tell(
                three("ptrace", false, StdioKind.TERMINAL, StdioKind.PIPE, StdioKind.FILE),
                three("kvm", true, StdioKind.NULL, StdioKind.SOCKET, StdioKind.TERMINAL),
                three("ptrace", true, StdioKind.FILE, StdioKind.FILE, StdioKind.PIPE),
                three("kvm", false, StdioKind.SOCKET, StdioKind.TERMINAL, StdioKind.NULL),
                three("ptrace", false, StdioKind.PIPE, StdioKind.FILE, StdioKind.SOCKET));
    }

    private static void requireBoth() {
        for (String name : List.of("kvm", "ptrace")) {
            new TestPlatform(name)
                    .obstacle()
                    .ifPresent(obstacle -> assumeTrue(false, name + ": " + obstacle));
        }
    }

    private void tell(Side... hops) throws IOException {
        Accounts accounts = new Accounts();
        for (int i = 0; i < hops.length; i++) {
            Side hop = hops[i];
            Path directory = Files.createDirectory(temporary.resolve("hop-" + images));
            try (StandardStreams streams = hop.open(opener, directory)) {
                start(hop, streams);
                awaitProgress(accounts, streams);
                if (i == hops.length - 1) {
                    Files.createFile(shared.resolve("enough"));
                    assertEquals(0, sandbox.await(), streams.get(2)::toString);
                } else {
                    images++;
                    sandbox.checkpoint(image()).requireSuccess();
                }
                accounts.goOn(streams);
                sandbox.delete();
            }
        }
        // What the script itself says that it counted, not by its standard descriptors.
        accounts.requireEnd(Integer.parseInt(Files.readString(shared.resolve("count")).strip()));
    }

    private Path image() {
        return temporary.resolve("image-" + images);
    }

    private void start(Side hop, StandardStreams streams) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--platform", hop.platform()));
        if (hop.log()) {
            arguments.addAll(List.of("--debug-log", temporary.resolve("log-" + images).toString()));
        }
        String name;
        if (images == 0) {
            name = "run";
            arguments.addAll(
                    List.of("--mount", shared + ":/mnt:rw", "--", "/bin/bash", script.toString()));
        } else {
            name = "restore";
            arguments.addAll(List.of("--image-path", image().toString()));
        }
        int status = sandbox.start(name, streams, arguments);
        assertEquals(0, status, name + " on " + hop + ": " + streams.get(2).received());
    }

    /** Lets it count on for a while, on each descriptor that can be listened to. */
    private static void awaitProgress(Accounts accounts, StandardStreams streams)
            throws IOException {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        for (int number = 0; number < 3; number++) {
            StandardStream stream = streams.get(number);
            Account account = accounts.of(number);
            while (stream.carriesOutput()
                    && stream.received().lines().filter(account::counts).count() < 3) {
                if (System.nanoTime() > deadline) {
                    fail(
                            "%d does not go on; output: %s errors: %s"
                                    .formatted(
                                            number,
                                            streams.get(1).received(),
                                            streams.get(2).received()));
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }
}
