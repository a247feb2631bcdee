package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.GuestPrograms.Kind;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;

/** What a sandbox may take, and whom it acts as: --memory, --pids, --user and --hostname. */
@Timeout(60)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class BoundsIT {
    @Parameter private TestPlatform platform;

    @TempDir private static Path temporary;

    private static Path program;

    @BeforeAll
    static void compile() {
        program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "bounds");
    }

    private String withMemory(String what) {
        return platform.run("--memory", "64m", "--", program.toString(), what)
                .run()
                .requireSuccess();
    }

    @Test
    void theProcessThatTakesAllMemoryIsKilledAndOthersLive() {
        assertEquals("greedy: killed by 9\nmodest: killed by 15\n", withMemory("greedy"));
    }

    @Test
    void aCallThatFindsNoMemoryEndsTheProcessThatHasMost() {
        assertEquals("reader: killed by 9\n", withMemory("reader"));
    }

    @Test
    void whoeverIsToBeKilledFirstIs() {
        assertEquals("other: exited with 0\nvolunteer: killed by 9\n", withMemory("volunteer"));
    }

    @Test
    void filesInMemoryCountAndTheirWriterIsTold() {
        assertEquals(
                "No space left on device after 20 to 64 MiB\nafterwards: exited with 0\n",
                withMemory("writer"));
    }

    @Test
    void theFirstProcessIsKilledIfThereIsNoOther() {
        Outcome outcome = platform.run("--memory", "32m", "--", program.toString(), "alone").run();
        assertEquals(137, outcome.status());
        assertTrue(outcome.errors().contains("out of memory"), outcome::toString);
    }

    @Test
    void programsAreToldHowMuchMemoryThereIs() {
        String info =
                platform.run("--memory", "64m", "--", "/bin/busybox", "head", "-1", "/proc/meminfo")
                        .run()
                        .requireSuccess();
        assertEquals("MemTotal:          65536 kB\n", info);
    }

    @Test
    void thereAreNoMoreProcessesThanAllowed() {
        assertEquals(
                "9 children, then Resource temporarily unavailable\nafterwards: exited with 0\n",
                platform.run("--pids", "10", "--", program.toString(), "processes")
                        .run()
                        .requireSuccess());
    }

    @Test
    void aUserIsWhoeverIsAskedFor() {
        String ids =
                platform.run("--user", "1234:567", "--", "/bin/busybox", "id")
                        .run()
                        .requireSuccess();
        assertEquals("uid=1234 gid=567", ids.replaceAll("\\([^)]*\\)", "").strip());
        Outcome refused =
                platform.run("--user", "1234", "--", "/bin/busybox", "touch", "/etc/x").run();
        assertEquals(1, refused.status());
        assertTrue(refused.errors().contains("Permission denied"), refused::toString);
    }

    @Test
    void aSandboxHasTheNameThatItIsGiven() {
        String script = "hostname; cat /proc/sys/kernel/hostname; hostname x; hostname";
        assertEquals(
                "box-1\nbox-1\nx\n",
                platform.run("--hostname", "box-1", "--", "/bin/busybox", "sh", "-c", script)
                        .run()
                        .requireSuccess());
    }

    @Test
    void boundsThatMakeNoSenseAreRefused() {
        TestCommand.plinth("run", "--memory", "1k", "true").run().assertRefused(2, "--memory");
        TestCommand.plinth("run", "--pids", "0", "true").run().assertRefused(2, "--pids");
        TestCommand.plinth("run", "--user", "nobody", "true").run().assertRefused(2, "--user");
        TestCommand.plinth("run", "--hostname", "a/b", "true").run().assertRefused(2, "--hostname");
    }
}
