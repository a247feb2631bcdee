package dev.plinth.cli.mutation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Whatever somebody hostile does to an image, a restore refuses it with an error that says why, or
 * does no harm, in 256 MiB of heap. The seeds are always the same; {@code src/test/mutation/mutate}
 * tries others, as many as asked.
 */
final class MutatedImagesIT {
    private static final String COUNT = "400";
    private static final int LIMIT_SECONDS = 240;

    @TempDir private Path temporary;

    @Test
    @Timeout(300)
    void noImageDoesHarm() throws IOException, InterruptedException {
        Path output = temporary.resolve("output");
        Process process =
                new ProcessBuilder("src/test/mutation/mutate", COUNT)
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        boolean ended = process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
        process.destroyForcibly().waitFor();
        assertTrue(ended, "it takes too long");
        assertEquals(0, process.exitValue(), Files.readString(output));
    }
}
