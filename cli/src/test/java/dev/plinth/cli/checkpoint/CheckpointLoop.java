package dev.plinth.cli.checkpoint;

import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.image.Compression;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** A process whose sandboxes write one image after the other until it is killed. */
final class CheckpointLoop {
    private CheckpointLoop() {}

    /**
     * Says a line on standard output when each sandbox has written its first image.
     *
     * @param arguments platform, program, how much memory it keeps in KiB, where the images go,
     *     compression, how many sandboxes
     */
    public static void main(String[] arguments) throws Exception {
        Path images = Path.of(arguments[3]);
        Compression compression = Compression.valueOf(arguments[4]);
        int count = Integer.parseInt(arguments[5]);
        // The first takes longer than many others: classes are loaded in it.
        CountDownLatch first = new CountDownLatch(count);
        List<Thread> threads = new ArrayList<>();
        TestPlatforms platforms = new TestPlatforms();
        for (int i = 0; i < count; i++) {
            BallastRun run = start(platforms, arguments);
            Path prefix = images.resolve("image-" + i);
            threads.add(Thread.ofPlatform().start(() -> loop(run, prefix, compression, first)));
        }
        first.await();
        System.out.println("begun");
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static BallastRun start(TestPlatforms platforms, String[] arguments)
            throws IOException {
        BallastRun run =
                BallastRun.start(
                        new HostOpener(),
                        platforms.plinth(),
                        platforms.get(arguments[0]),
                        Path.of(arguments[1]),
                        Integer.parseInt(arguments[2]));
        run.requireIntact();
        return run;
    }

    private static void loop(
            BallastRun run, Path prefix, Compression compression, CountDownLatch first) {
        for (int i = 0; ; i++) {
            Path image = prefix.resolveSibling(prefix.getFileName() + "-" + i);
            run.sandbox().checkpoint(new CheckpointSpec(image, true, compression));
            first.countDown();
        }
    }
}
