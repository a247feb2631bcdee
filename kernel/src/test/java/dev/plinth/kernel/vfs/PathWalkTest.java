package dev.plinth.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Every case is done natively and in the sandbox, and has the same result. */
@Timeout(60)
final class PathWalkTest {
    private static final long SYS_UMASK = 95;

    @TempDir Path nativeDirectory;
    @TempDir Path hostDirectory;

    private TestingFiles files;
    private NativeFileCalls oracle;
    private long umaskBefore;

    @BeforeEach
    void open() {
        files = new TestingFiles();
        oracle = new NativeFileCalls(files.host, nativeDirectory);
        umaskBefore = files.host.syscall(SYS_UMASK, TestingFiles.UMASK);
    }

    @AfterEach
    void close() {
        files.host.syscall(SYS_UMASK, umaskBefore);
        oracle.close();
        files.close();
    }

    /** A tree with everything that a path can stumble over. */
    private static void populate(FileCalls calls) {
        calls.makeDirectory("dir", 0755);
        calls.makeDirectory("dir/sub", 0755);
        calls.makeDirectory("empty", 0700);
        calls.write("file", Fcntl.O_CREAT, 0, "content");
        calls.write("dir/inner", Fcntl.O_CREAT, 0, "inner");
        calls.setPermissions("file", 0640);
        calls.symlink("file", "tofile");
        calls.symlink("dir", "todir");
        calls.symlink("dir/", "todirslash");
        calls.symlink("file/", "tofileslash");
        calls.symlink("nowhere", "dangling");
        calls.symlink("dir/created", "danglingindir");
        calls.symlink("nodir/x", "danglingdeep");
        calls.symlink("self", "self");
        calls.symlink("two", "one");
        calls.symlink("one", "two");
        calls.symlink("..", "dir/up");
        calls.symlink("../file", "dir/upfile");
        calls.symlink("dir/sub/../../file", "winding");
        calls.makeFifo("fifo", 0644);
        calls.symlink("file", "link0");
        for (int i = 1; i <= 45; i++) {
            calls.symlink("link" + (i - 1), "link" + i);
        }
    }

    private static final List<String> PATHS =
            List.of(
                    "",
                    ".",
                    "..",
                    "./",
                    "../",
                    "file",
                    "./file",
                    "file/",
                    "file/.",
                    "file/..",
                    "file/x",
                    "dir",
                    "dir/",
                    "dir//",
                    "dir/.",
                    "dir/..",
                    "dir/../file",
                    "dir//inner",
                    "dir/./inner",
                    "dir/sub/../inner",
                    "dir/inner/",
                    "dir/inner/x",
                    "dir/nothing",
                    "dir/nothing/",
                    "dir/nothing/x",
                    "nothing",
                    "nothing/",
                    "nothing/x",
                    "nothing/..",
                    "empty",
                    "tofile",
                    "tofile/",
                    "tofile/x",
                    "todir",
                    "todir/",
                    "todir/inner",
                    "todir/..",
                    "todirslash",
                    "todirslash/",
                    "todirslash/inner",
                    "tofileslash",
                    "tofileslash/",
                    "dangling",
                    "dangling/",
                    "dangling/x",
                    "danglingindir",
                    "danglingindir/",
                    "danglingdeep",
                    "self",
                    "self/",
                    "self/x",
                    "one",
                    "one/x",
                    "dir/up",
                    "dir/up/file",
                    "dir/up/dir/up",
                    "dir/upfile",
                    "winding",
                    "fifo",
                    "fifo/",
                    "fifo/x",
                    "link39",
                    "link40",
                    "link41",
                    "link39/",
                    "link38/",
                    "n".repeat(255),
                    "n".repeat(256),
                    "dir/" + "n".repeat(256),
                    "file/" + "n".repeat(256),
                    "nothing/" + "n".repeat(256),
                    "n".repeat(256) + "/x",
                    "./".repeat(2047) + "f",
                    "./".repeat(2047) + "ff",
                    "./".repeat(2048) + "file");

    private void assertSame(Function<FileCalls, List<String>> script) {
        populate(oracle);
        FileCalls inMemory = files.calls(0, files.mounts.root());
        populate(inMemory);
        Location hostRoot =
                files.mount("host", files.hostfs(hostDirectory, false), Mount.Options.READ_WRITE);
        FileCalls onHost = files.calls(0, hostRoot);
        populate(onHost);
        List<String> expected = script.apply(oracle);
        assertAll(
                compare("tmpfs", expected, script.apply(inMemory)),
                compare("hostfs", expected, script.apply(onHost)));
    }

    private static Executable compare(String name, List<String> expected, List<String> actual) {
        List<String> onlyExpected = new ArrayList<>();
        List<String> onlyActual = new ArrayList<>();
        for (int i = 0; i < Math.max(expected.size(), actual.size()); i++) {
            if (!expected.get(i).equals(actual.get(i))) {
                onlyExpected.add(expected.get(i));
                onlyActual.add(actual.get(i));
            }
        }
        return () -> assertEquals(onlyExpected, onlyActual, name);
    }

    private static List<String> forEachPath(Function<String, String> call) {
        List<String> results = new ArrayList<>();
        for (String path : PATHS) {
            String shown = path.length() > 40 ? path.substring(0, 40) + "…" : path;
            results.add("'" + shown + "' " + path.length() + ": " + call.apply(path));
        }
        return results;
    }

    @Test
    void statOfEveryPath() {
        assertSame(calls -> forEachPath(path -> skipRoot(path, calls.stat(path, true))));
    }

    @Test
    void lstatOfEveryPath() {
        assertSame(calls -> forEachPath(path -> skipRoot(path, calls.stat(path, false))));
    }

    /** What lies around the directory of the test differs; that it was found does not. */
    private static String skipRoot(String path, String result) {
        return result.startsWith("DIRECTORY") && (path.contains("..") || path.contains("up"))
                ? "DIRECTORY"
                : result.replaceFirst("^DIRECTORY .*", "DIRECTORY");
    }

    @Test
    void openOfEveryPath() {
        for (int flags :
                new int[] {
                    Fcntl.O_RDONLY,
                    Fcntl.O_RDONLY | Fcntl.O_NOFOLLOW,
                    Fcntl.O_DIRECTORY,
                    Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW,
                    Fcntl.O_PATH,
                    Fcntl.O_PATH | Fcntl.O_NOFOLLOW,
                    Fcntl.O_PATH | Fcntl.O_DIRECTORY,
                    Fcntl.O_RDWR,
                    Fcntl.O_RDWR | Fcntl.O_TRUNC,
                    Fcntl.O_RDONLY | Fcntl.O_TRUNC,
                    Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_DIRECTORY,
                    Fcntl.__O_TMPFILE | Fcntl.O_RDWR,
                    Fcntl.O_TMPFILE,
                    Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL,
                    Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW,
                    Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_NOFOLLOW,
                }) {
            assertOpen(flags);
        }
    }

    @Test
    void createThroughEveryPath() {
        assertOpen(Fcntl.O_WRONLY | Fcntl.O_CREAT);
    }

    private int rounds;

    private void assertOpen(int flags) {
        String base = "round" + rounds++;
        oracle.makeDirectory(base, 0755);
        FileCalls inMemory = files.calls(0, files.mounts.root());
        inMemory.makeDirectory(base, 0755);
        Path host = hostDirectory.resolve(base);
        Location hostRoot;
        try {
            Files.createDirectory(host);
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
        hostRoot = files.mount("host" + base, files.hostfs(host, false), Mount.Options.READ_WRITE);
        Location memoryRoot =
                files.vfs.resolve(
                        files.caller(0), files.mounts.root(), PathName.of(base), Lookup.FOLLOW);
        try (NativeFileCalls inBase =
                new NativeFileCalls(files.host, nativeDirectory.resolve(base))) {
            List<String> expected = openAll(inBase, flags);
            assertAll(
                    "flags 0x" + Integer.toHexString(flags),
                    compare("tmpfs", expected, openAll(files.calls(0, memoryRoot), flags)),
                    compare("hostfs", expected, openAll(files.calls(0, hostRoot), flags)));
        }
    }

    private static List<String> openAll(FileCalls calls, int flags) {
        populate(calls);
        // A fifo blocks natively, and has no reader here.
        List<String> results =
                forEachPath(path ->
                        path.startsWith("fifo") ? "skipped" : calls.open(path, flags, 0666));
        results.add(FileCalls.tree(calls, "."));
        return results;
    }

    @Test
    void mkdirAtEveryPath() {
        assertSame(calls -> {
            List<String> results = forEachPath(path -> calls.makeDirectory(path, 0777));
            results.add(FileCalls.tree(calls, "dir"));
            return results;
        });
    }

    @Test
    void symlinkAtEveryPath() {
        assertSame(calls -> forEachPath(path -> calls.symlink("target", path)));
    }

    @Test
    void linkAtEveryPath() {
        assertSame(calls -> forEachPath(path -> calls.link("file", path)));
    }

    @Test
    void linkFromEveryPath() {
        // The parent lies on another mount here and not outside, which is another error.
        assertSame(calls ->
                forEachPath(path ->
                        path.startsWith("..")
                                ? "left out"
                                : calls.link(path, "new" + PATHS.indexOf(path))));
    }

    @Test
    void unlinkOfEveryPath() {
        assertSame(calls -> {
            List<String> results = forEachPath(calls::unlink);
            results.add(FileCalls.tree(calls, "dir"));
            return results;
        });
    }

    @Test
    void rmdirOfEveryPath() {
        // An empty parent of the test's directory could really be removed natively.
        assertSame(calls ->
                forEachPath(
                        path -> path.startsWith("..") ? "skipped" : calls.removeDirectory(path)));
    }

    @Test
    void accessOfEveryPath() {
        assertSame(calls -> forEachPath(path -> calls.access(path, 0)));
    }

    @Test
    void readlinkOfEveryPath() {
        assertSame(calls -> forEachPath(calls::readLink));
    }

    @Test
    void renameOfEveryPathToEveryKind() {
        for (int flags : new int[] {0, Fs.RENAME_NOREPLACE, Fs.RENAME_EXCHANGE}) {
            for (String target :
                    List.of(
                            "dir/sub",
                            "file",
                            "empty",
                            "dangling",
                            "dir/new",
                            "new/",
                            "..",
                            "dir/sub/x")) {
                assertRename(target, flags);
            }
        }
    }

    private void assertRename(String target, int flags) {
        for (String path :
                List.of(
                        "file",
                        "dir",
                        "dir/",
                        "file/",
                        "empty",
                        "todir",
                        "todir/",
                        "dangling",
                        "self",
                        "nothing",
                        ".",
                        "..",
                        "",
                        "dir/.",
                        "fifo",
                        "dir/sub",
                        "dir/inner")) {
            List<String> results = new ArrayList<>();
            String name = "r" + rounds++;
            for (FileCalls calls : List.of(oracle, files.calls(0, files.mounts.root()))) {
                calls.makeDirectory(name, 0755);
            }
            try (NativeFileCalls natively =
                    new NativeFileCalls(files.host, nativeDirectory.resolve(name))) {
                Location place =
                        files.vfs.resolve(
                                files.caller(0),
                                files.mounts.root(),
                                PathName.of(name),
                                Lookup.FOLLOW);
                for (FileCalls calls : List.of(natively, files.calls(0, place))) {
                    populate(calls);
                    results.add(
                            calls.rename(path, target, flags) + "\n" + FileCalls.tree(calls, "."));
                }
            }
            assertEquals(results.get(0), results.get(1), path + " to " + target + " " + flags);
        }
    }
}
