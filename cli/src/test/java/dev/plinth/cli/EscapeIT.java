package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.GuestPrograms.Kind;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;

/**
 * A program finds no memory of the host but the stub's, cannot change that, and reaches no host
 * call.
 */
@Timeout(120)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class EscapeIT {
    @Parameter private TestPlatform platform;

    private static final int MOST_CALLS_OF_A_STUB = 20;

    @TempDir private static Path temporary;

    private static Path program;

    @BeforeAll
    static void compile() {
        program = GuestPrograms.compile(temporary, Kind.STATIC_GLIBC, "escape");
    }

    private Outcome attempt(String... words) {
        return platform.sandboxed(program.toString()).and(words).run();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "scan",
                "change",
                "int80",
                "sysenter",
                "compat-int80",
                "compat-sysenter",
                "compat-syscall",
            })
    void nothingIsFoundOrReached(String way) {
        assertEquals("end\n", attempt(way).requireSuccess());
    }

    /** The host would answer these three by itself, without anybody being asked. */
    @Test
    void pageOfOldSystemCallsIsClosed() {
        assertEquals(
                """
                vsyscall 0 signal
                vsyscall 400 signal
                vsyscall 800 signal
                end
                """,
                attempt("vsyscall").requireSuccess());
    }

    /**
     * What the stub does in the program's name may end it, or make it wait for ever, but only it.
     */
    @Test
    void callsOfTheStubAreTheProgramsOwn() {
        int found = 0;
        for (int i = 0; i < MOST_CALLS_OF_A_STUB; i++) {
            Outcome outcome =
                    TestCommand.outside("timeout", "-s", "INT", "3")
                            .and(platform.sandboxed(program.toString(), "stub", "" + i).words())
                            .run();
            assertFalse(outcome.output().contains("gave"), outcome::toString);
            assertEquals("", outcome.errors());
            if (!outcome.output().startsWith("found ")) {
                assertEquals("end\n", outcome.output());
                break;
            }
            found++;
        }
        assertTrue(found < MOST_CALLS_OF_A_STUB);
    }
}
