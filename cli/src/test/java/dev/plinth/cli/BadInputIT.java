package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** What cannot work is answered with a clear line and a status, and leaves nothing behind. */
@Timeout(60)
@ExtendWith(Leftovers.class)
final class BadInputIT {
    private static final Path BUSYBOX = Path.of("/bin/busybox");

    /** Elf64_Ehdr and Elf64_Phdr of elf.h. */
    private static final int E_CLASS = 4;

    private static final int E_TYPE = 16;
    private static final int E_MACHINE = 18;
    private static final int E_ENTRY = 24;
    private static final int E_PHOFF = 32;
    private static final int E_PHENTSIZE = 54;
    private static final int E_PHNUM = 56;
    private static final int HEADERS = 64;
    private static final int P_OFFSET = 8;
    private static final int P_VADDR = 16;
    private static final int P_FILESZ = 32;
    private static final int P_MEMSZ = 40;
    private static final int P_ALIGN = 48;

    @TempDir private Path temporary;

    @Test
    void aProgramThatIsNotThere() {
        TestCommand.sandboxed("/nonexistent/program")
                .run()
                .assertRefused(127, "/nonexistent/program");
        TestCommand.sandboxed("nosuchprogram").run().assertRefused(127, "nosuchprogram");
        TestCommand.sandboxed("").run().assertRefused(127);
        TestCommand.sandboxed("/etc/passwd/x").run().assertRefused(127, "/etc/passwd/x");
    }

    @Test
    void noProgramAtAll() {
        TestCommand.plinth("run").run().assertRefused(2, "no program given");
        TestCommand.plinth("run", "--").run().assertRefused(2, "no program given");
    }

    /** Java cannot hand such bytes on, and says so rather than hand on others. */
    @Test
    void anArgumentThatIsNotUtf8() {
        String script = "exec \"$@\" \"$(printf 'x\\377')\"";
        TestCommand.outside("sh", "-c", script, "sh")
                .and(TestCommand.sandboxed(BUSYBOX.toString(), "echo").words())
                .run()
                .assertRefused(2, "is not UTF-8");
    }

    @Test
    void aDirectory() {
        TestCommand.sandboxed("/etc").run().assertRefused(126, "/etc");
    }

    @Test
    void aProgramThatMayNotBeRead() throws IOException {
        Path program = program("secret", Files.readAllBytes(BUSYBOX));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("---------"));
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
        asNobody(TestCommand.sandboxed(program.toString()))
                .run()
                .assertRefused(126, program.toString());
    }

    @Test
    void aProgramThatIsNotMarkedExecutable() throws IOException {
        Path program = program("plain", Files.readAllBytes(BUSYBOX));
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rw-r--r--"));
        TestCommand.sandboxed(program.toString()).run().assertRefused(126, program.toString());
    }

    private static TestCommand asNobody(TestCommand command) {
        if (!System.getProperty("user.name").equals("root")) {
            return command;
        }
        return TestCommand.outside("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
                .and(command.words());
    }

    static Stream<Arguments> brokenPrograms() throws IOException {
        byte[] busybox = Files.readAllBytes(BUSYBOX);
        return Stream.of(
                Arguments.of("empty", new byte[0]),
                Arguments.of("one-byte", Arrays.copyOf(busybox, 1)),
                Arguments.of("magic-only", Arrays.copyOf(busybox, 4)),
                Arguments.of("half-header", Arrays.copyOf(busybox, 32)),
                Arguments.of("header-only", Arrays.copyOf(busybox, 64)),
                Arguments.of("half-program-headers", Arrays.copyOf(busybox, 100)),
                Arguments.of("text", "hello, I am no program\n".getBytes(UTF_8)),
                Arguments.of("zeros", new byte[8192]),
                Arguments.of(
                        "32-bit",
                        patched(
                                busybox,
                                elf -> elf.put(E_CLASS, (byte) 1).putShort(E_MACHINE, (short) 3))),
                Arguments.of(
                        "aarch64", patched(busybox, elf -> elf.putShort(E_MACHINE, (short) 183))),
                Arguments.of(
                        "relocatable", patched(busybox, elf -> elf.putShort(E_TYPE, (short) 1))),
                Arguments.of("core", patched(busybox, elf -> elf.putShort(E_TYPE, (short) 4))),
                Arguments.of(
                        "header-size",
                        patched(busybox, elf -> elf.putShort(E_PHENTSIZE, (short) 32))),
                Arguments.of(
                        "no-headers", patched(busybox, elf -> elf.putShort(E_PHNUM, (short) 0))),
                Arguments.of(
                        "many-headers", patched(busybox, elf -> elf.putShort(E_PHNUM, (short) -1))),
                Arguments.of(
                        "headers-outside", patched(busybox, elf -> elf.putLong(E_PHOFF, 1L << 40))),
                Arguments.of(
                        "headers-negative", patched(busybox, elf -> elf.putLong(E_PHOFF, -64))));
    }

    /** The host cannot execute it, and a shell would say 126. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("brokenPrograms")
    void aFileThatIsNoProgram(String name, byte[] content) throws IOException {
        Path program = program(name, content);
        TestCommand.sandboxed(program.toString()).run().assertRefused(126, program.toString());
    }

    static Stream<Arguments> absurdPrograms() throws IOException {
        byte[] busybox = Files.readAllBytes(BUSYBOX);
        return Stream.of(
                Arguments.of("huge-memory", segments(busybox, P_MEMSZ, 1L << 46)),
                Arguments.of("negative-memory", segments(busybox, P_MEMSZ, -4096)),
                Arguments.of("huge-file", segments(busybox, P_FILESZ, 1L << 46)),
                Arguments.of("negative-file", segments(busybox, P_FILESZ, -4096)),
                Arguments.of("offset-outside", segments(busybox, P_OFFSET, 1L << 46)),
                Arguments.of("offset-negative", segments(busybox, P_OFFSET, -4096)),
                Arguments.of("offset-odd", segments(busybox, P_OFFSET, 17)),
                Arguments.of("address-zero", segments(busybox, P_VADDR, 0)),
                Arguments.of("address-of-kernel", segments(busybox, P_VADDR, 0xffff800000000000L)),
                Arguments.of("address-at-end", segments(busybox, P_VADDR, 0x7fffffffe000L)),
                Arguments.of("address-overlapping", overlapping(busybox)),
                Arguments.of("alignment-odd", segments(busybox, P_ALIGN, 3)),
                Arguments.of("alignment-huge", segments(busybox, P_ALIGN, 1L << 46)),
                Arguments.of("entry-zero", patched(busybox, elf -> elf.putLong(E_ENTRY, 0))),
                Arguments.of("entry-outside", patched(busybox, elf -> elf.putLong(E_ENTRY, -1))),
                Arguments.of("truncated", Arrays.copyOf(busybox, 100_000)));
    }

    /**
     * Linux takes some of these and the program dies; what it refuses, is refused. A segment that
     * wraps it may map, and kill the program; Plinth may refuse, or kill it by another signal.
     */
    @ParameterizedTest(name = "{0}")
    @MethodSource("absurdPrograms")
    void absurdProgramHeaders(String name, byte[] content) throws IOException {
        Path program = program(name, content);
        for (TestPlatform platform : TestPlatform.usable().toList()) {
            Outcome inside = platform.sandboxed(program.toString()).run();
            if (inside.status() == 126) {
                inside.assertRefused(126, program.toString());
            } else {
                Outcome outside =
                        TestCommand.outside("sh", "-c", "\"$0\" 2>/dev/null", program.toString())
                                .run();
                assertEquals(outside.status(), inside.status(), () -> platform + ": " + inside);
            }
        }
    }

    /** As execve(2) and a shell have it: something is not found. */
    @Test
    void aProgramWhoseInterpreterIsNotThere() throws IOException {
        Path script = program("script", "#!/nonexistent\n".getBytes(UTF_8));
        TestCommand.sandboxed(script.toString()).run().assertRefused(127, script.toString());
        Path dynamic = program("dynamic", withoutLoader());
        TestCommand.sandboxed(dynamic.toString()).run().assertRefused(127, dynamic.toString());
    }

    @Test
    void aRootfsThatIsNoDirectory() {
        refused(125, List.of("--rootfs", "/etc/passwd"), "/etc/passwd");
        refused(125, List.of("--rootfs", "/nonexistent"), "/nonexistent");
    }

    @Test
    void aWorkingDirectoryThatIsNotThere() {
        refused(125, List.of("--cwd", "/nonexistent"), "/nonexistent");
        refused(125, List.of("--cwd", "/etc/passwd"), "/etc/passwd");
    }

    @Test
    void aMountThatDoesNotFit() {
        refused(125, List.of("--mount", "/nonexistent:/mnt"), "/nonexistent");
        refused(125, List.of("--mount", "/etc:/nonexistent"), "/nonexistent");
        refused(2, List.of("--mount", "/etc"), "/etc");
    }

    @Test
    void aDebugLogThatCannotBeWritten() {
        refused(125, List.of("--debug-log", "/nonexistent/log"), "/nonexistent/log");
        refused(125, List.of("--debug-log", "/etc"), "/etc");
    }

    @Test
    void aPlatformThatIsNotThere() {
        refused(125, List.of("--platform", "nosuch"), "nosuch", "ptrace");
        TestCommand.plinth("layout", "--platform", "nosuch").run().assertRefused(1, "nosuch");
    }

    @Test
    void aPluginDirectoryThatIsNotThere() {
        refused(125, List.of("--plugins", "/nonexistent"), "/nonexistent");
        TestCommand.plinth("platforms", "--plugins", "/nonexistent")
                .run()
                .assertRefused(1, "/nonexistent");
    }

    @Test
    void aPluginThatIsNoZip() throws IOException {
        Path broken = Files.writeString(temporary.resolve("broken.zip"), "no zip");
        refused(125, List.of("--plugins", temporary.toString()), broken.toString());
    }

    @Test
    void aPluginThatWasCutOff() throws IOException {
        byte[] whole = Files.readAllBytes(plugin());
        Path broken = temporary.resolve("broken.zip");
        Files.write(broken, Arrays.copyOf(whole, whole.length / 2));
        refused(125, List.of("--plugins", temporary.toString()), broken.toString());
    }

    @Test
    void twoPluginsOfOneName() throws IOException {
        Path one = Files.copy(plugin(), temporary.resolve("one.zip"));
        Path two = Files.copy(plugin(), temporary.resolve("two.zip"));
        refused(
                125,
                List.of("--plugins", temporary.toString()),
                "ptrace",
                one.toString(),
                two.toString());
    }

    private static Path plugin() throws IOException {
        Path plugins = Path.of(System.getProperty("plinth.dist")).resolve("plugins");
        try (Stream<Path> files = Files.list(plugins)) {
            return files.filter(file -> file.toString().endsWith(".zip"))
                    .filter(file -> file.toString().contains("ptrace"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Runs a program that would work, but for the options. */
    private void refused(int status, List<String> options, String... words) {
        Set<String> before = filesIn(Path.of("/tmp"));
        TestCommand.plinth("run")
                .and(options)
                .and("--", BUSYBOX.toString(), "echo", "hello")
                .run()
                .assertRefused(status, words);
        Set<String> after = filesIn(Path.of("/tmp"));
        after.removeAll(before);
        after.removeIf(name -> !name.contains("plinth") && !name.contains("jna"));
        assertEquals(Set.of(), after);
    }

    private static Set<String> filesIn(Path directory) {
        return new TreeSet<>(Arrays.asList(directory.toFile().list()));
    }

    private Path program(String name, byte[] content) throws IOException {
        Path program = Files.write(temporary.resolve(name), content);
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return program;
    }

    private static byte[] patched(byte[] program, Consumer<ByteBuffer> patch) {
        byte[] copy = program.clone();
        patch.accept(ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN));
        return copy;
    }

    /** Changes a field of the program header of the code. */
    private static byte[] segments(byte[] program, int field, long value) {
        return patched(program, elf -> elf.putLong(loaded(elf, 2) + field, value));
    }

    /** Puts constants where the code is. */
    private static byte[] overlapping(byte[] program) {
        return patched(
                program,
                elf ->
                        elf.putLong(
                                loaded(elf, 3) + P_VADDR, elf.getLong(loaded(elf, 2) + P_VADDR)));
    }

    /** Where the n-th program header of those that are to be loaded is. */
    private static int loaded(ByteBuffer elf, int n) {
        int loads = 0;
        for (int i = 0; i < elf.getShort(E_PHNUM); i++) {
            int header = HEADERS + i * 56;
            if (elf.getInt(header) == 1 && ++loads == n) {
                return header;
            }
        }
        throw new IllegalStateException("fewer than " + n + " segments");
    }

    /** A program that names a loader which is not there. */
    private static byte[] withoutLoader() throws IOException {
        byte[] program = Files.readAllBytes(Path.of("/bin/cat"));
        byte[] loader = "/lib64/ld-linux-x86-64.so.2".getBytes(UTF_8);
        for (int i = 0; i < program.length - loader.length; i++) {
            if (Arrays.equals(program, i, i + loader.length, loader, 0, loader.length)) {
                program[i + 1] = 'X';
                return program;
            }
        }
        throw new IllegalStateException("cat names no loader");
    }
}
