package dev.plinth.cli.checkpoint;

import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.image.Compression;

import java.nio.file.Path;

/** A process that writes one image after the other until it is killed. */
final class CheckpointLoop {
    private CheckpointLoop() {}

    /**
     * Says a line on standard output when the first image is written.
     *
     * @param arguments platform, program, how much memory it keeps in KiB, where the images go,
     *     compression
     */
    public static void main(String[] arguments) throws Exception {
        Path images = Path.of(arguments[3]);
        Compression compression = Compression.valueOf(arguments[4]);
        try (TestPlatforms platforms = new TestPlatforms();
                BallastRun run =
                        BallastRun.start(
                                new HostOpener(),
                                platforms.plinth(),
                                platforms.get(arguments[0]),
                                Path.of(arguments[1]),
                                Integer.parseInt(arguments[2]))) {
            for (int i = 0; ; i++) {
                if (i == 1) {
                    // The first takes longer than many others: classes are loaded in it.
                    System.out.println("begun");
                }
                Path image = images.resolve("image-" + i);
                run.sandbox().checkpoint(new CheckpointSpec(image, true, compression));
            }
        }
    }
}
