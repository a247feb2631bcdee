package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.cli.GuestPrograms.Kind;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;

/** A program that faults dies of the signal that it would die of outside. */
@Timeout(60)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class FaultsIT {
    @Parameter private TestPlatform platform;

    @TempDir private static Path temporary;

    private static Path program;

    @BeforeAll
    static void compile() {
        program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "fault");
    }

    @ParameterizedTest
    @CsvSource({
        "read, 139",
        "write, 139",
        "jump, 139",
        "data, 139",
        "canonical, 139",
        "stack, 139",
        "privileged, 139",
        "illegal, 132",
        "divide, 136",
        "breakpoint, 133",
        "abort, 134",
        "bus, 135",
    })
    void statusTellsTheSignal(String fault, int status) {
        Outcome outside = TestCommand.outside(program.toString(), fault).run();
        assertEquals(status, outside.status());
        assertEquals(outside, platform.sandboxed(program.toString(), fault).run());
    }
}
