package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a program runs, on the host and in sandboxes by the same name: an empty directory, and
 * beside it, where it does not look, files for what it prints.
 *
 * <p>Confined to one thread at a time.
 */
final class RunPlace implements AutoCloseable {
    private final Path root;

    private RunPlace(Path root) {
        this.root = requireNonNull(root, "root is null");
    }

    static RunPlace create() throws IOException {
        RunPlace place = new RunPlace(Files.createTempDirectory("oracle"));
        Files.createDirectory(place.directory());
        return place;
    }

    /** The working directory of the program. */
    Path directory() {
        return root.resolve("case");
    }

    Path output() {
        return root.resolve("stdout");
    }

    Path errors() {
        return root.resolve("stderr");
    }

    /** What was printed, even where it is no text. */
    Observation observe(String end) throws IOException {
        return new Observation(read(output()), read(errors()), end);
    }

    private static String read(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    /** Makes the directory anew. */
    void clear() throws IOException {
        delete(directory());
        Files.createDirectory(directory());
    }

    /** What is in the directory, on the host. */
    List<Path> content() throws IOException {
        try (Stream<Path> files = Files.list(directory())) {
            return files.toList();
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

    @Override
    public void close() throws IOException {
        delete(root);
    }
}
