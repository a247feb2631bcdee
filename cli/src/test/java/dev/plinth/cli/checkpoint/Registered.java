package dev.plinth.cli.checkpoint;

import dev.plinth.cli.Outcome;
import dev.plinth.cli.TestCommand;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A sandbox in a process of its own, as a user handles it: by commands, each a process too.
 *
 * @param host starts them
 * @param root where it is registered
 * @param id its name
 */
record Registered(HostOpener host, Path root, String id) {
    private static final int LIMIT_SECONDS = 30;

    /** A command on sandboxes of the same root. */
    TestCommand command(String name, String... arguments) {
        List<String> words = new ArrayList<>(List.of(name, "--root", root.toString()));
        words.addAll(Arrays.asList(arguments));
        return TestCommand.plinth(words.toArray(String[]::new));
    }

    /**
     * Starts it, by {@code run} or {@code restore}.
     *
     * @param streams what it gets; its command's errors go to standard error, too
     * @return exit status of the command
     */
    int start(String name, StandardStreams streams, List<String> arguments) {
        TestCommand command = command(name, "--detach", "--id", id).and(arguments);
        return Spawned.start(host.host(), command, streams.byNumber()).await(LIMIT_SECONDS);
    }

    Outcome checkpoint(Path image, String... options) {
        return command("checkpoint", "--image-path", image.toString()).and(options).and(id).run();
    }

    /** Waits for its end, and gives its exit status. */
    int await() {
        return command("wait", id).run().status();
    }

    /** Ends it if it runs, and forgets it. */
    void delete() {
        command("delete", "--force", id).run();
    }
}
