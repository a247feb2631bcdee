package dev.plinth.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Function;

/**
 * Random operations, natively and in the sandbox: the same results, and the same trees.
 *
 * <p>A tree is small and its names few, so that operations meet.
 */
@Timeout(120)
final class RandomOperationsTest {
    private static final long SYS_UMASK = 95;
    private static final int OPERATIONS = 1500;
    private static final int COMPARE_EVERY = 25;
    private static final List<String> NAMES = List.of("a", "b", "c", "d");

    @TempDir Path directory;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void tmpfsDoesWhatLinuxDoes(long seed) throws IOException {
        run(seed, files -> files.mount("tree", files.tmpfs(), Mount.Options.READ_WRITE), false);
    }

    @ParameterizedTest
    @ValueSource(longs = {4, 5})
    void hostfsDoesWhatLinuxDoes(long seed) throws IOException {
        Path host = Files.createDirectory(directory.resolve("host"));
        run(
                seed,
                files -> files.mount("tree", files.hostfs(host, false), Mount.Options.READ_WRITE),
                false);
    }

    @ParameterizedTest
    @ValueSource(longs = {6, 7, 8, 9, 10, 11})
    void overlayDoesWhatLinuxDoes(long seed) throws IOException {
        Path lower = Files.createDirectory(directory.resolve("lower"));
        try (TestingFiles files = new TestingFiles();
                NativeFileCalls inLower = new NativeFileCalls(files.host, lower)) {
            populate(inLower, seed);
        }
        run(seed, files -> files.mountOverlay("tree", lower), true);
        try (TestingFiles files = new TestingFiles();
                NativeFileCalls inLower = new NativeFileCalls(files.host, lower)) {
            Path again = Files.createDirectory(directory.resolve("again"));
            try (NativeFileCalls expected = new NativeFileCalls(files.host, again)) {
                populate(expected, seed);
                assertEquals(
                        FileCalls.tree(expected, "."),
                        FileCalls.tree(inLower, "."),
                        "the lower layer was changed");
            }
        }
    }

    /** What is in the tree before the test begins. */
    static void populate(FileCalls calls, long seed) {
        Random random = new Random(seed);
        for (String name : NAMES) {
            switch (random.nextInt(3)) {
                case 0 -> {
                    calls.makeDirectory(name, 0755);
                    for (String inner : NAMES) {
                        if (random.nextBoolean()) {
                            calls.makeDirectory(name + "/" + inner, 0700);
                            calls.write(name + "/" + inner + "/a", Fcntl.O_CREAT, 0, "deep");
                        } else {
                            calls.write(name + "/" + inner, Fcntl.O_CREAT, 0, "inner" + inner);
                        }
                    }
                }
                case 1 -> calls.write(name, Fcntl.O_CREAT, 5000, "content of " + name);
                default -> calls.symlink("b/c", name);
            }
        }
        calls.makeDirectory("e", 0755);
        calls.write("e/a", Fcntl.O_CREAT, 0, "linked");
        calls.link("e/a", "e/b");
        calls.link("e/a", "e/c");
    }

    private void run(long seed, Function<TestingFiles, Location> place, boolean populated)
            throws IOException {
        Path nativeDirectory = Files.createDirectory(directory.resolve("native"));
        try (TestingFiles files = new TestingFiles();
                NativeFileCalls oracle = new NativeFileCalls(files.host, nativeDirectory)) {
            long umask = files.host.syscall(SYS_UMASK, TestingFiles.UMASK);
            try {
                FileCalls calls = files.calls(0, place.apply(files));
                if (populated) {
                    populate(oracle, seed);
                } else {
                    populate(oracle, seed);
                    populate(calls, seed);
                }
                compare(seed, oracle, calls);
            } finally {
                files.host.syscall(SYS_UMASK, umask);
            }
        }
    }

    private static void compare(long seed, FileCalls oracle, FileCalls calls) {
        Random random = new Random(seed);
        StringBuilder history = new StringBuilder();
        assertEquals(FileCalls.tree(oracle, "."), FileCalls.tree(calls, "."), "at the beginning");
        for (int i = 0; i < OPERATIONS; i++) {
            Operation operation = Operation.random(random);
            history.append(i).append(' ').append(operation.text).append('\n');
            String expected = operation.action.apply(oracle);
            String actual = operation.action.apply(calls);
            assertEquals(expected, actual, () -> "seed " + seed + ", after:\n" + last(history));
            if (i % COMPARE_EVERY == COMPARE_EVERY - 1) {
                assertEquals(
                        FileCalls.tree(oracle, "."),
                        FileCalls.tree(calls, "."),
                        () -> "seed " + seed + ", after:\n" + last(history));
            }
        }
    }

    private static String last(StringBuilder history) {
        return history.substring(Math.max(0, history.length() - 3000));
    }

    /** Something to do with files, by its name and in any file layer. */
    record Operation(String text, Function<FileCalls, String> action) {
        static Operation random(Random random) {
            String path = path(random);
            String other = path(random);
            int number = random.nextInt(6000);
            return switch (random.nextInt(14)) {
                case 0 -> of("mkdir " + path, c -> c.makeDirectory(path, 0755));
                case 1 -> of("rmdir " + path, c -> c.removeDirectory(path));
                case 2 -> of("unlink " + path, c -> c.unlink(path));
                case 3 -> of("rename " + path + " " + other, c -> c.rename(path, other, 0));
                case 4 ->
                        of(
                                "exchange " + path + " " + other,
                                c -> c.rename(path, other, Fs.RENAME_EXCHANGE));
                case 5 -> of("link " + path + " " + other, c -> c.link(path, other));
                case 6 -> of("symlink " + other + " at " + path, c -> c.symlink(other, path));
                case 7 ->
                        of(
                                "write " + path + " at " + number,
                                c -> c.write(path, Fcntl.O_CREAT, number, "text" + number));
                case 8 ->
                        of(
                                "append " + path,
                                c -> c.write(path, Fcntl.O_APPEND, 0, "more" + number));
                case 9 ->
                        of("rewrite " + path, c -> c.write(path, Fcntl.O_TRUNC, 0, "new" + number));
                case 10 -> of("truncate " + path, c -> c.truncate(path, number));
                case 11 -> of("chmod " + path, c -> c.setPermissions(path, 0400 | (number & 0377)));
                case 12 -> of("list " + path, c -> c.list(path));
                default -> of("read " + path, c -> c.read(path));
            };
        }

        private static Operation of(String text, Function<FileCalls, String> action) {
            return new Operation(text, action);
        }

        private static String path(Random random) {
            StringBuilder path = new StringBuilder(name(random));
            for (int depth = random.nextInt(3); depth > 0; depth--) {
                path.append('/').append(name(random));
            }
            return path.toString();
        }

        private static String name(Random random) {
            return random.nextInt(8) == 0 ? "e" : NAMES.get(random.nextInt(NAMES.size()));
        }
    }
}
