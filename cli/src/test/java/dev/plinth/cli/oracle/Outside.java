package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs programs on the host's Linux, by a small program that prepares for them what a sandbox
 * would.
 *
 * <p>Any thread may call any method.
 */
final class Outside {
    private static final int LIMIT_SECONDS = 20;

    private final Path launcher;

    /** Compiles the launcher if need be. */
    Outside() throws IOException, InterruptedException {
        launcher =
                OracleSource.compile(
                        OracleSource.DIRECTORY.resolve("host/outside.c"),
                        OracleSource.Linked.STATIC,
                        List.of());
    }

    /**
     * Runs a program to its end.
     *
     * @param program with its arguments
     * @param place where it runs; what it leaves there is deleted
     */
    Observation run(List<String> program, RunPlace place) throws IOException, InterruptedException {
        requireNonNull(place, "place is null");
        List<String> command = new ArrayList<>();
        command.add(launcher.toString());
        command.add(Integer.toString(LIMIT_SECONDS));
        command.addAll(
                List.of(
                        place.directory().toString(),
                        place.output().toString(),
                        place.errors().toString()));
        command.addAll(program);
        String end = Commands.output(command).strip();
        Observation observation = place.observe(end);
        place.clear();
        return observation;
    }
}
