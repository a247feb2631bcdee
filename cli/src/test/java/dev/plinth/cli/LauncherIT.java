package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The script that finds a JDK, builds what is missing, and becomes the JVM. */
@Timeout(60)
@ExtendWith(Leftovers.class)
final class LauncherIT {
    private static final Path DIST = Path.of(System.getProperty("plinth.dist"));
    private static final String[] HELLO = {"run", "--", "/bin/busybox", "echo", "hello"};

    @TempDir private Path temporary;

    @Test
    void worksFromAnywhereAndThroughLinks() throws IOException {
        Path directory = Files.createDirectories(temporary.resolve("a/b"));
        Path absolute = Files.createSymbolicLink(directory.resolve("one"), TestCommand.PLINTH);
        Path relative = Files.createSymbolicLink(temporary.resolve("two"), Path.of("a/b/one"));
        for (Path script : List.of(absolute, relative, DIST.resolve("plinth"))) {
            assertEquals(
                    "hello\n",
                    TestCommand.outside(script.toString())
                            .and(HELLO)
                            .in(temporary)
                            .run()
                            .requireSuccess());
        }
        assertEquals(
                "hello\n",
                TestCommand.outside("./two").and(HELLO).in(temporary).run().requireSuccess());
        assertEquals(
                "hello\n",
                TestCommand.outside("sh", "two").and(HELLO).in(temporary).run().requireSuccess());
    }

    @Test
    void aDistributionWorksWhereItIsMovedTo() {
        Path moved = copyOfDistribution("a directory with spaces");
        TestCommand plinth = TestCommand.outside(moved.resolve("plinth").toString());
        assertEquals("hello\n", plinth.and(HELLO).run().requireSuccess());
        assertTrue(plinth.and("--version").run().requireSuccess().startsWith("plinth "));
    }

    /** The JVM would run the class that is in its cache (JDK-8377932). */
    @Test
    void aChangedJarChangesWhatRuns() throws IOException {
        Path copy = copyOfDistribution("dist");
        TestCommand help = TestCommand.outside(copy.resolve("plinth").toString(), "--help");
        String before = help.run().requireSuccess();
        try (Stream<Path> jars = Files.list(copy.resolve("lib"))) {
            Path jar =
                    jars.filter(file -> file.getFileName().toString().startsWith("plinth-cli-"))
                            .findFirst()
                            .orElseThrow();
            replaceText(jar, "dev/plinth/cli/SyscallsCommand.class", "system call", "SYSTEM CALL");
        }
        String after = help.run().requireSuccess();
        assertFalse(before.contains("SYSTEM CALL"));
        assertTrue(after.contains("SYSTEM CALL"), after);
    }

    /** Replaces a constant of a class by one as long. */
    private static void replaceText(Path jar, String entry, String from, String to)
            throws IOException {
        try (FileSystem files = FileSystems.newFileSystem(jar, Map.of("create", "false"))) {
            Path file = files.getPath(entry);
            String bytes = Files.readString(file, ISO_8859_1);
            assertTrue(bytes.contains(from));
            Files.writeString(file, bytes.replace(from, to), ISO_8859_1);
        }
    }

    @Test
    void aCacheThatIsDamagedOrGoneOnlyCostsTime() throws IOException {
        Path copy = copyOfDistribution("dist");
        TestCommand hello = TestCommand.outside(copy.resolve("plinth").toString()).and(HELLO);
        Path cache = copy.resolve("aot/plinth.aot");
        assertTrue(Files.exists(cache));
        try (FileChannel channel = FileChannel.open(cache, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        assertEquals("hello\n", hello.run().requireSuccess());
        Files.writeString(cache, "no cache");
        assertEquals("hello\n", hello.run().requireSuccess());
        Files.delete(cache);
        assertEquals("hello\n", hello.run().requireSuccess());
    }

    @Test
    void aJavaThatIsTooOldIsPassedOver() throws IOException {
        Path old = fakeJava("old", "21.0.2");
        assertEquals(
                "hello\n",
                TestCommand.plinth(HELLO).with("JAVA_HOME", old.toString()).run().requireSuccess());
        assertEquals(
                "hello\n",
                TestCommand.plinth(HELLO)
                        .with("PATH", old.resolve("bin") + ":/usr/bin:/bin")
                        .run()
                        .requireSuccess());
    }

    @Test
    void aMissingJavaIsToldWithWhatWasLookedAt() throws IOException {
        Path jvms = Files.createDirectory(temporary.resolve("jvms"));
        Path old = fakeJava("jvms/old", "17.0.15");
        Path copy = copyOfDistribution("dist");
        Files.delete(copy.resolve("java-home"));
        replaceInScript(copy, "/usr/lib/jvm", jvms.toString());
        TestCommand version =
                TestCommand.outside(copy.resolve("plinth").toString(), "--version")
                        .with("PATH", fakeTools().toString());

        Outcome without = version.with("JAVA_HOME", "").run();
        assertEquals(125, without.status());
        assertEquals("", without.output());
        assertTrue(without.errors().startsWith("plinth: no Java 25 or newer"), without::toString);
        assertTrue(without.errors().contains(old + " is version 17.0.15"), without::toString);
        assertTrue(without.errors().contains("openjdk-25-jdk"), without::toString);

        Path nowhere = temporary.resolve("nowhere");
        Outcome wrong = version.with("JAVA_HOME", nowhere.toString()).run();
        assertEquals(125, wrong.status());
        assertTrue(wrong.errors().contains(nowhere + " (JAVA_HOME) has no"), wrong::toString);
    }

    @Test
    void ofSeveralFirstCallsOneBuildsAndTheOthersWait() throws Exception {
        Path tree = treeThatWasNeverBuilt();
        Path tools = fakeTools();
        Path log = temporary.resolve("builds");
        script(
                tools.resolve("mvn"),
                "echo \"$@\" >>" + log,
                "echo built on standard output",
                "sleep 1",
                "mkdir -p " + tree + "/cli/target",
                "cp -a " + DIST + " " + tree + "/cli/target/dist");
        TestCommand hello =
                TestCommand.outside(tree.resolve("plinth").toString())
                        .and(HELLO)
                        .with("PATH", tools + ":/usr/bin:/bin");
        Process[] calls = new Process[3];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = hello.start(temporary.resolve("out" + i), temporary.resolve("err" + i));
        }
        int told = 0;
        for (int i = 0; i < calls.length; i++) {
            assertTrue(calls[i].waitFor(30, TimeUnit.SECONDS));
            String errors = Files.readString(temporary.resolve("err" + i));
            assertEquals("hello\n", Files.readString(temporary.resolve("out" + i)), errors);
            told += errors.contains("plinth: building") ? 1 : 0;
        }
        assertEquals(1, told);
        List<String> builds = Files.readAllLines(log);
        assertEquals(1, builds.size());
        assertTrue(builds.getFirst().contains("-f " + tree + "/pom.xml"), builds::toString);
        assertEquals("hello\n", hello.run().requireSuccess());
        assertEquals(1, Files.readAllLines(log).size());
    }

    @Test
    void aBuildThatFailsIsTold() throws IOException {
        Path tree = treeThatWasNeverBuilt();
        Path tools = fakeTools();
        script(tools.resolve("mvn"), "echo 'no such module' >&2", "exit 1");
        Outcome outcome =
                TestCommand.outside(tree.resolve("plinth").toString(), "--version")
                        .with("PATH", tools + ":/usr/bin:/bin")
                        .run();
        assertEquals(125, outcome.status());
        assertEquals("", outcome.output());
        assertTrue(outcome.errors().contains("no such module\n"), outcome::toString);
        assertTrue(outcome.errors().contains("plinth: the build failed\n"), outcome::toString);
    }

    @Test
    void aMissingMavenIsTold() throws IOException {
        Path tree = treeThatWasNeverBuilt();
        Outcome outcome =
                TestCommand.outside(tree.resolve("plinth").toString(), "--version")
                        .with("PATH", fakeTools().toString())
                        .run();
        outcome.assertRefused(125, "Maven (mvn) is not found", "Debian: maven");
    }

    private Path treeThatWasNeverBuilt() throws IOException {
        Path tree = Files.createDirectories(temporary.resolve("tree"));
        Files.copy(TestCommand.PLINTH, tree.resolve("plinth"));
        Files.writeString(tree.resolve("pom.xml"), "");
        return tree;
    }

    private Path copyOfDistribution(String name) {
        Path copy = temporary.resolve(name);
        TestCommand.outside("cp", "-a", DIST.toString(), copy.toString()).run().requireSuccess();
        return copy;
    }

    private static void replaceInScript(Path distribution, String from, String to)
            throws IOException {
        Path script = distribution.resolve("plinth");
        Files.writeString(script, Files.readString(script).replace(from, to));
    }

    /** A directory with the commands that the script uses, for a PATH with no Java and no Maven. */
    private Path fakeTools() throws IOException {
        Path tools = Files.createDirectories(temporary.resolve("tools"));
        for (String tool : List.of("flock", "mkdir", "readlink")) {
            script(tools.resolve(tool), "exec /usr/bin/" + tool + " \"$@\"");
        }
        return tools;
    }

    private Path fakeJava(String name, String version) throws IOException {
        Path home = Files.createDirectories(temporary.resolve(name));
        Files.createDirectories(home.resolve("bin"));
        script(home.resolve("bin/java"), "echo started the wrong one >&2", "exit 1");
        Files.writeString(
                home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home;
    }

    private static void script(Path file, String... lines) throws IOException {
        Files.writeString(file, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
