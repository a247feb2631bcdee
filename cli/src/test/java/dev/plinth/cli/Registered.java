package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Sandboxes with names, in a directory of a test's own; closing ends those that are left. */
record Registered(Path root, TestPlatform platform) implements AutoCloseable {
    /** A command on them. */
    TestCommand plinth(String... words) {
        return TestCommand.plinth("--root", root.toString()).and(words);
    }

    /** {@code plinth run} of a sandbox with a name, in a process of its own. */
    TestCommand detach(String name, String... program) {
        return plinth("run", "--platform", platform.name(), "--detach", "--id", name, "--")
                .and(program);
    }

    /** Starts a shell script. */
    void start(String name, String script) {
        assertEquals("", detach(name, "/bin/busybox", "sh", "-c", script).run().requireSuccess());
    }

    /** What a command prints that goes well. */
    String ask(String... words) {
        return plinth(words).run().requireSuccess();
    }

    /** The word for what a sandbox is doing. */
    String status(String name) {
        return field(name, "status");
    }

    /** A string of a sandbox's state. */
    String field(String name, String field) {
        String state = ask("state", name);
        String start = "\"" + field + "\": \"";
        int from = state.indexOf(start) + start.length();
        return state.substring(from, state.indexOf('"', from));
    }

    /** The number of a sandbox's process on the host. */
    long process(String name) {
        String state = ask("state", name);
        int from = state.indexOf("\"pid\": ") + "\"pid\": ".length();
        return Long.parseLong(state.substring(from, state.indexOf(',', from)));
    }

    /** What there is in the directory. */
    List<String> entries() {
        if (!Files.exists(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(root)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(".lock"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for something that comes soon. */
    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, () -> "in vain: " + what);
            Thread.sleep(20);
        }
    }

    @Override
    public void close() {
        for (String name : entries()) {
            plinth("delete", "--force", name).run();
        }
    }
}
