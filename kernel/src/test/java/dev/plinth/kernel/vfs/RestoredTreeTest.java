package dev.plinth.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.vfs.RandomOperationsTest.Operation;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Random operations, natively and in files that are saved and made again every now and then: the
 * same results, and the same trees.
 */
@Timeout(120)
final class RestoredTreeTest {
    private static final long SYS_UMASK = 95;
    private static final int ROUNDS = 24;
    private static final int OPERATIONS = 30;

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23})
    void aTmpfsIsWhatItWas(long seed) throws IOException {
        run(seed, files -> files.mount("tree", files.tmpfs(), Mount.Options.READ_WRITE), false);
    }

    @ParameterizedTest
    @ValueSource(longs = {24, 25})
    void aDirectoryOfTheHostIsWhatItWas(long seed) throws IOException {
        Path host = Files.createDirectory(directory.resolve("host"));
        run(
                seed,
                files -> files.mount("tree", files.hostfs(host, false), Mount.Options.READ_WRITE),
                false);
    }

    @ParameterizedTest
    @ValueSource(longs = {26, 27, 28, 29})
    void anOverlayIsWhatItWas(long seed) throws IOException {
        Path lower = Files.createDirectory(directory.resolve("lower"));
        try (TestingFiles files = new TestingFiles();
                NativeFileCalls inLower = new NativeFileCalls(files.host, lower)) {
            RandomOperationsTest.populate(inLower, seed);
        }
        run(seed, files -> files.mountOverlay("tree", lower), true);
    }

    private void run(long seed, Consumer<TestingFiles> place, boolean populated)
            throws IOException {
        Path nativeDirectory = Files.createDirectory(directory.resolve("native"));
        try (TestingFiles files = new TestingFiles();
                NativeFileCalls oracle = new NativeFileCalls(files.host, nativeDirectory)) {
            long umask = files.host.syscall(SYS_UMASK, TestingFiles.UMASK);
            try {
                place.accept(files);
                RandomOperationsTest.populate(oracle, seed);
                if (!populated) {
                    RandomOperationsTest.populate(
                            files.calls(0, files.mounts.root()).below("tree"), seed);
                }
                RestoredFiles restored =
                        RestoredFiles.of(files, RestoredFiles.save(files, List.of()), 0);
                files.closeFileSystems();
                compare(seed, oracle, restored);
            } finally {
                files.host.syscall(SYS_UMASK, umask);
            }
        }
    }

    private static void compare(long seed, FileCalls oracle, RestoredFiles first) {
        Random random = new Random(seed);
        StringBuilder history = new StringBuilder();
        RestoredFiles files = first;
        for (int round = 0; round < ROUNDS; round++) {
            FileCalls calls = files.calls("tree");
            String when = "seed %d, round %d".formatted(seed, round);
            assertEquals(FileCalls.tree(oracle, "."), FileCalls.tree(calls, "."), when + history);
            history.setLength(0);
            for (int i = 0; i < OPERATIONS; i++) {
                Operation operation = Operation.random(random);
                history.append('\n').append(operation.text());
                assertEquals(
                        operation.action().apply(oracle),
                        operation.action().apply(calls),
                        when + history);
            }
            files = files.again();
        }
        files.close();
    }
}
