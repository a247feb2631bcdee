package dev.plinth.cli.checkpoint;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;

/**
 * A case of {@code src/test/checkpoint}, compiled.
 *
 * @param file name of its source file, without the suffix
 * @param name of the case in the file
 * @param program what it was compiled to; absolute
 */
record SavedCase(String file, String name, Path program) {
    private static final Path DIRECTORY = Path.of("src/test/checkpoint");
    private static final Path COMPILED = Path.of("target/checkpoint");

    SavedCase {
        requireNonNull(file, "file is null");
        requireNonNull(name, "name is null");
        requireNonNull(program, "program is null");
    }

    /** All cases, by their files' names and in the order in which the files have them. */
    static List<SavedCase> all() throws IOException, InterruptedException {
        List<Path> sources = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(DIRECTORY, "*.c")) {
            files.forEach(sources::add);
        }
        sources.sort(null);
        List<SavedCase> cases = new ArrayList<>();
        for (Path source : sources) {
            Path program = compile(source).toAbsolutePath();
            String file = source.getFileName().toString().replace(".c", "");
            output(List.of(program.toString()))
                    .lines()
                    .forEach(name -> cases.add(new SavedCase(file, name, program)));
        }
        return cases;
    }

    List<String> command() {
        return List.of(program.toString(), name);
    }

    /** Compiles a file unless it was since it changed. */
    private static Path compile(Path source) throws IOException, InterruptedException {
        Files.createDirectories(COMPILED);
        Path program = COMPILED.resolve(source.getFileName().toString().replace(".c", ""));
        FileTime changed = Files.getLastModifiedTime(source);
        FileTime header = Files.getLastModifiedTime(DIRECTORY.resolve("checkpoint.h"));
        changed = header.compareTo(changed) > 0 ? header : changed;
        if (Files.exists(program) && Files.getLastModifiedTime(program).compareTo(changed) > 0) {
            return program;
        }
        // Renamed at the end: another run may be executing the program.
        Path fresh = Files.createTempFile(COMPILED, "fresh", "");
        output(
                List.of(
                        "gcc",
                        "-static",
                        "-O1",
                        "-Wall",
                        "-Wextra",
                        "-pthread",
                        "-o",
                        fresh.toString(),
                        source.toString(),
                        "-lm"));
        Files.move(fresh, program, StandardCopyOption.REPLACE_EXISTING);
        return program;
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (InputStream printed = process.getInputStream()) {
            String output = new String(printed.readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + " failed");
            }
            return output;
        }
    }

    @Override
    public String toString() {
        return file + "/" + name;
    }
}
