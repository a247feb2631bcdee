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
            echo "over"
            """;

    /** What the descriptors of a hop are, and how it comes about. */
    private record Hop(String platform, boolean log, List<StdioKind> kinds) {}

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

    private static List<StdioKind> all(StdioKind kind) {
        return List.of(kind, kind, kind);
    }

    @Test
    void terminalsFromKvmWithALogToPtraceWithoutOneAndBack() throws IOException {
        requireBoth();
        tell(
                new Hop("kvm", true, all(StdioKind.TERMINAL)),
                new Hop("ptrace", false, all(StdioKind.TERMINAL)),
                new Hop("kvm", false, all(StdioKind.TERMINAL)));
    }

    @Test
    void pipesFromKvmWithALogToPtraceWithoutOneAndBack() throws IOException {
        requireBoth();
        tell(
                new Hop("kvm", true, all(StdioKind.PIPE)),
                new Hop("ptrace", false, all(StdioKind.PIPE)),
                new Hop("kvm", true, all(StdioKind.PIPE)));
    }

    @Test
    void otherKindsAtEachHop() throws IOException {
        requireBoth();
        tell(
                new Hop(
                        "ptrace",
                        false,
                        List.of(StdioKind.TERMINAL, StdioKind.PIPE, StdioKind.FILE)),
                new Hop("kvm", true, List.of(StdioKind.NULL, StdioKind.SOCKET, StdioKind.TERMINAL)),
                new Hop("ptrace", true, List.of(StdioKind.FILE, StdioKind.FILE, StdioKind.PIPE)),
                new Hop(
                        "kvm",
                        false,
                        List.of(StdioKind.SOCKET, StdioKind.TERMINAL, StdioKind.NULL)),
                new Hop(
                        "ptrace",
                        false,
                        List.of(StdioKind.PIPE, StdioKind.FILE, StdioKind.SOCKET)));
    }

    private static void requireBoth() {
        for (String name : List.of("kvm", "ptrace")) {
            new TestPlatform(name)
                    .obstacle()
                    .ifPresent(obstacle -> assumeTrue(false, name + ": " + obstacle));
        }
    }

    private void tell(Hop... hops) throws IOException {
        List<Account> accounts = List.of(new Account("in"), new Account("out"), new Account("err"));
        for (int i = 0; i < hops.length; i++) {
            Hop hop = hops[i];
            Path directory = Files.createDirectory(temporary.resolve("hop-" + images));
            try (StandardStreams streams = StandardStreams.open(opener, hop.kinds(), directory)) {
                start(hop, streams);
                awaitProgress(streams);
                if (i == hops.length - 1) {
                    Files.createFile(shared.resolve("enough"));
                    assertEquals(0, sandbox.await(), streams.get(2)::toString);
                } else {
                    images++;
                    sandbox.checkpoint(image()).requireSuccess();
                }
                for (int number = 0; number < 3; number++) {
                    accounts.get(number).goOn(streams.get(number));
                }
                sandbox.delete();
            }
        }
        accounts.get(1).requireOneIdentity();
    }

    private Path image() {
        return temporary.resolve("image-" + images);
    }

    private void start(Hop hop, StandardStreams streams) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--platform", hop.platform()));
        if (hop.log()) {
            arguments.addAll(List.of("--debug-log", temporary.resolve("log-" + images).toString()));
        }
        arguments.addAll(List.of("--mount", shared + ":/mnt:rw"));
        String name;
        if (images == 0) {
            name = "run";
            arguments.addAll(List.of("--", "/bin/bash", script.toString()));
        } else {
            name = "restore";
            arguments.addAll(List.of("--image-path", image().toString()));
        }
        int status = sandbox.start(name, streams, arguments);
        assertEquals(0, status, name + " on " + hop + ": " + streams.get(2).received());
    }

    /** Lets it count on for a while. */
    private void awaitProgress(StandardStreams streams) throws IOException {
        StandardStream seen = streams.get(streams.get(1).carriesOutput() ? 1 : 2);
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (seen.received().lines().filter(Account::counts).count() < 3) {
            if (System.nanoTime() > deadline) {
                fail(
                        "it does not go on; output: %s errors: %s"
                                .formatted(streams.get(1).received(), streams.get(2).received()));
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }
}
