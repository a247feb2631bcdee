package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A file of cases in C.
 *
 * <p>It is linked statically against glibc. If one of its lines reads {@code // linked: WORD...} it
 * is linked in each of these ways: static, dynamic, musl.
 *
 * <p>What is compiled stays in {@code target/oracle} and is compiled again when its source changes.
 *
 * @param path of the file
 */
record OracleSource(Path path) {
    /** Where the sources are, from the directory of the module. */
    static final Path DIRECTORY = Path.of("src/test/oracle");

    private static final Path COMPILED = Path.of("target/oracle");
    private static final String LINKED = "// linked: ";

    /** How a program is linked. */
    enum Linked {
        STATIC("gcc -static"),
        DYNAMIC("gcc"),
        MUSL("musl-gcc -static"),
        ;

        private final String compiler;

        Linked(String compiler) {
            this.compiler = compiler;
        }

        /** Its name in a source file. */
        String word() {
            return switch (this) {
                case STATIC -> "static";
                case DYNAMIC -> "dynamic";
                case MUSL -> "musl";
            };
        }

        private static Linked of(String word) {
            return Arrays.stream(values())
                    .filter(each -> each.word().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("not linked: " + word));
        }
    }

    OracleSource {
        requireNonNull(path, "path is null");
    }

    /** All files of cases, by name. */
    static List<OracleSource> all() throws IOException {
        List<OracleSource> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(DIRECTORY, "*.c")) {
            files.forEach(file -> found.add(new OracleSource(file)));
        }
        found.sort(Comparator.comparing(OracleSource::name));
        return found;
    }

    /** The name of the file, without its suffix. */
    String name() {
        return path.getFileName().toString().replace(".c", "");
    }

    /** Compiles the file, in each of its ways, and gives its cases. */
    List<OracleCase> cases() throws IOException, InterruptedException {
        List<OracleCase> cases = new ArrayList<>();
        for (Linked linked : linked()) {
            Path program =
                    compile(path, linked, List.of(DIRECTORY.resolve("oracle.h"))).toAbsolutePath();
            for (String name : Commands.output(List.of(program.toString())).lines().toList()) {
                cases.add(new OracleCase(name(), name, linked, program));
            }
        }
        return cases;
    }

    private List<Linked> linked() throws IOException {
        Optional<String> words =
                Files.readAllLines(path, StandardCharsets.UTF_8).stream()
                        .filter(line -> line.startsWith(LINKED))
                        .map(line -> line.substring(LINKED.length()))
                        .findFirst();
        return Arrays.stream(words.orElse("static").split("[ ,]+", -1)).map(Linked::of).toList();
    }

    /**
     * Compiles a program unless it was since it changed.
     *
     * @param others what else it is made of
     */
    static Path compile(Path source, Linked linked, List<Path> others)
            throws IOException, InterruptedException {
        Files.createDirectories(COMPILED);
        String name = source.getFileName().toString().replace(".c", "") + "-" + linked.word();
        Path program = COMPILED.resolve(name);
        FileTime changed = Files.getLastModifiedTime(source);
        for (Path other : others) {
            FileTime time = Files.getLastModifiedTime(other);
            changed = time.compareTo(changed) > 0 ? time : changed;
        }
        if (Files.exists(program) && Files.getLastModifiedTime(program).compareTo(changed) > 0) {
            return program;
        }
        // Renamed at the end: another run may be executing the program, or compiling it.
        Path fresh = Files.createTempFile(COMPILED, name, "");
        List<String> command = new ArrayList<>(List.of(linked.compiler.split(" ", -1)));
        command.addAll(
                List.of(
                        "-O1",
                        "-Wall",
                        "-Wextra",
                        "-pthread",
                        "-D_GNU_SOURCE",
                        "-I",
                        DIRECTORY.toString(),
                        "-o"));
        command.addAll(List.of(fresh.toString(), source.toString()));
        Commands.output(command);
        Files.move(fresh, program, StandardCopyOption.REPLACE_EXISTING);
        return program;
    }
}
