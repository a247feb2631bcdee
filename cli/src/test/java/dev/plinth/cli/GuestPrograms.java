package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Programs for sandboxes, compiled from C. */
final class GuestPrograms {
    /** How a program is linked. */
    enum Kind {
        STATIC_GLIBC("gcc", "-static"),
        STATIC_PIE_GLIBC("gcc", "-static-pie", "-fPIE"),
        STATIC_MUSL("musl-gcc", "-static"),
        ;

        private final List<String> compiler;

        Kind(String... compiler) {
            this.compiler = List.of(compiler);
        }
    }

    private GuestPrograms() {}

    /** Compiles a program. */
    static Path compile(Path directory, Kind kind, String name, String source) {
        try {
            Path file = directory.resolve(name + ".c");
            Files.writeString(file, source);
            return compile(directory, kind, name, file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path compile(Path directory, Kind kind, String name, Path source) {
        Path program = directory.resolve(name);
        List<String> command = new ArrayList<>(kind.compiler);
        command.addAll(Arrays.asList("-O1", "-w", "-o", program.toString(), source.toString()));
        Outcome compiled = TestCommand.outside(command.toArray(String[]::new)).run();
        assertEquals(0, compiled.status(), compiled::toString);
        return program;
    }

    /** Compiles a program of the test resources, in the directory {@code guest}. */
    static Path compileResource(Path directory, Kind kind, String name) {
        return compile(
                directory, kind, name, Path.of("src/test/guest", name + ".c").toAbsolutePath());
    }
}
