package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.GuestPrograms.Kind;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Where the host has no descriptors left for the vCPUs or processes of a platform, the program is
 * told so, and nothing else is harmed.
 */
@Timeout(240)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class ExhaustionIT {
    /** Fewer than the program wants; the sandbox itself takes less than a hundred. */
    private static final int DESCRIPTORS = 256;

    private static final int PATIENCE_SECONDS = 200;

    @Parameter private TestPlatform platform;

    @TempDir private static Path temporary;

    private static Path program;

    @BeforeAll
    static void compile() {
        program = GuestPrograms.compile(temporary, Kind.STATIC_GLIBC, "exhaust");
    }

    @ParameterizedTest
    @ValueSource(strings = {"threads", "processes"})
    void whatCannotBeMadeIsRefusedAndTheRestGoesOn(String what) {
        String output =
                TestCommand.outside("sh", "-c", "ulimit -n \"$0\"; exec \"$@\"", "" + DESCRIPTORS)
                        .and(platform.sandboxed(program.toString(), what, "300").words())
                        .run()
                        .requireSuccess();
        String refused = "Resource temporarily unavailable after many\none more: made\n";
        // Threads of a traced process need no descriptor each.
        boolean unlimited = platform.name().equals("ptrace") && what.equals("threads");
        assertEquals(unlimited ? "all made after all\none more: made\n" : refused, output);
    }

    /** Takes seconds, but many of them where others use the machine. */
    @ParameterizedTest
    @ValueSource(strings = {"threads", "processes"})
    void aThousandAreMadeWhereThereIsRoom(String what) throws Exception {
        Path out = temporary.resolve("out");
        Path err = temporary.resolve("err");
        Process process = platform.sandboxed(program.toString(), what, "1000").start(out, err);
        try {
            assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "takes too long");
        } finally {
            process.destroyForcibly();
        }
        assertEquals("", TestCommand.read(err));
        assertEquals("all made after all\none more: made\n", TestCommand.read(out));
        assertEquals(0, process.exitValue());
    }
}
