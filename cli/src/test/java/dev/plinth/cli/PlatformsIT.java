package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Which platforms there are, what is wrong with those that do not work, and which is chosen. */
@Timeout(60)
@ExtendWith(Leftovers.class)
final class PlatformsIT {
    private static final String BUSYBOX = "/bin/busybox";

    @TempDir private Path temporary;

    /** The one place where tests with programs say which platform they leave out, and why. */
    @ParameterizedTest
    @MethodSource("dev.plinth.cli.TestPlatform#all")
    void everyPlatformThatWorksHereIsTested(TestPlatform platform) {
        platform.obstacle().ifPresent(obstacle -> abort(platform + " unusable: " + obstacle));
        assertEquals("x\n", platform.sandboxed(BUSYBOX, "echo", "x").run().requireSuccess());
    }

    @Test
    void theFastestPlatformIsChosenIfAskedFor() throws IOException {
        Path log = temporary.resolve("log");
        String output =
                TestCommand.plinth("run", "--platform", "auto", "--debug-log", log.toString())
                        .and("--", BUSYBOX, "echo", "x")
                        .run()
                        .requireSuccess();
        assertEquals("x\n", output);
        String chosen =
                " INFO FastestPlatform - platform (\\w+) is chosen: [\\d.]+ µs a round trip";
        List<String> lines =
                Files.readAllLines(log).stream()
                        .filter(line -> line.matches(".*" + chosen))
                        .toList();
        assertEquals(1, lines.size(), lines::toString);
        String name = lines.getFirst().replaceFirst(".*" + chosen, "$1");
        assertTrue(TestPlatform.usable().anyMatch(platform -> platform.name().equals(name)), name);
    }

    @Test
    void theDefaultTakesNoMeasurement() throws IOException {
        Path log = temporary.resolve("log");
        TestCommand.plinth("run", "--debug-log", log.toString(), "--", BUSYBOX, "true")
                .run()
                .requireSuccess();
        String text = Files.readString(log);
        assertTrue(text.contains("loaded platform ptrace"), text);
        assertTrue(!text.contains("loaded platform kvm"), text);
        assertTrue(!text.contains("round trip"), text);
    }

    @Test
    void roundTripsAreMeasuredIfAskedFor() {
        String output =
                TestCommand.plinth("platforms", "--measure", "--format", "json")
                        .run()
                        .requireSuccess();
        for (JsonElement each : JsonParser.parseString(output).getAsJsonArray()) {
            JsonObject platform = each.getAsJsonObject();
            boolean usable = platform.get("usable").getAsBoolean();
            assertEquals(usable, platform.has("round_trip_ns"), output);
            assertTrue(!usable || platform.get("round_trip_ns").getAsLong() > 0, output);
        }
        String table = TestCommand.plinth("platforms", "--measure").run().requireSuccess();
        assertTrue(table.lines().findFirst().orElseThrow().contains("ROUND TRIP"), table);
        assertTrue(!TestCommand.plinth("platforms").run().requireSuccess().contains("ROUND"));
    }

    /** As in a container into which somebody mounted the wrong thing. */
    @Test
    void aRegularFileInThePlaceOfKvmIsRefusedAndNothingElse() throws IOException {
        Path file = Files.createFile(temporary.resolve("kvm"));
        TestCommand hidden = withKvmHidden(file);
        hidden.and(TestCommand.plinth("run", "--platform", "kvm", "--", BUSYBOX, "true").words())
                .run()
                .assertRefused(125, "/dev/kvm is not KVM's device", "ENOTTY", "mknod");
        String list = hidden.and(TestCommand.plinth("platforms").words()).run().requireSuccess();
        assertTrue(list.contains("kvm: /dev/kvm is not KVM's device"), list);
        for (String other : List.of("ptrace", "auto")) {
            TestCommand run =
                    TestCommand.plinth("run", "--platform", other, "--", BUSYBOX, "echo", "x");
            assertEquals("x\n", hidden.and(run.words()).run().requireSuccess());
        }
    }

    /** Another device in its place answers in another way. */
    @Test
    void anotherDeviceInThePlaceOfKvmIsRefused() {
        withKvmHidden(Path.of("/dev/zero"))
                .and(TestCommand.plinth("run", "--platform", "kvm", "--", BUSYBOX, "true").words())
                .run()
                .assertRefused(125, "/dev/kvm is not KVM's device", "ENOTTY");
    }

    /** Runs what is added to it in a mount namespace where /dev/kvm is something else. */
    private static TestCommand withKvmHidden(Path file) {
        assumeTrue(Files.exists(Path.of("/dev/kvm")), "kvm unusable: there is no /dev/kvm");
        TestCommand unshare = TestCommand.outside("unshare", "--map-root-user", "--mount");
        assumeTrue(unshare.and("true").run().status() == 0, "namespaces unusable: unshare fails");
        return unshare.and(
                "sh", "-c", "mount --bind \"$0\" /dev/kvm && exec \"$@\"", file.toString());
    }
}
