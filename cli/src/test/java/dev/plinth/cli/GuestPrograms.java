package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Programs for sandboxes, compiled from C. */
public final class GuestPrograms {
    /** How a program is linked. */
    public enum Kind {
        STATIC_GLIBC("gcc -static"),
        STATIC_PIE_GLIBC("gcc -static-pie -fPIE"),
        STATIC_MUSL("musl-gcc -static"),
        ;

        private final String compiler;

        Kind(String compiler) {
            this.compiler = compiler;
        }
    }

    private GuestPrograms() {}

    /** Compiles {@code src/test/guest/NAME.c} into a directory. */
    public static Path compile(Path directory, Kind kind, String name) {
        Path source = Path.of("src/test/guest", name + ".c").toAbsolutePath();
        Path program = directory.resolve(name);
        List<String> command = new ArrayList<>(List.of(kind.compiler.split(" ", -1)));
        command.addAll(Arrays.asList("-O1", "-w", "-o", program.toString(), source.toString()));
        Outcome compiled = TestCommand.outside(command.toArray(String[]::new)).run();
        assertEquals(0, compiled.status(), compiled::toString);
        return program;
    }
}
