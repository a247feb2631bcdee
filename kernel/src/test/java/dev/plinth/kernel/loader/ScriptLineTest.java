package dev.plinth.kernel.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.errno.ErrnoException;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** First lines of scripts, as this kernel and as the host's Linux read them. */
@Timeout(60)
final class ScriptLineTest {
    private static final long STACK_TOP = 0x7fff_ffff_f000L;
    private static final String REFUSED = "ENOEXEC";

    @TempDir private Path directory;
    private Path interpreter;

    @BeforeEach
    void writeInterpreter() throws IOException {
        interpreter = write("i", TestElf.stackDump().bytes());
    }

    private Path write(String name, byte[] bytes) throws IOException {
        Path file = Files.write(directory.resolve(name), bytes);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    @Test
    void linesAreReadAsLinuxDoes() throws IOException {
        List<String> lines =
                List.of(
                        "#!I\n",
                        "#!I",
                        "#! \t I\n",
                        "#!I \t\n",
                        "#!I a\n",
                        "#!I  a b \t c  \n",
                        "#!I a\0b\n",
                        "#!I\0x\n",
                        "#!\n",
                        "#! \t \n",
                        "#!",
                        "#!I a",
                        "#!I " + "x".repeat(400) + "\n",
                        "#!I" + " ".repeat(300) + "x\n",
                        "#!" + " ".repeat(300) + "I\n",
                        "#!" + "/".repeat(253) + "\n",
                        "#!/" + "x".repeat(400) + "\n",
                        "#!I\r\n",
                        "#!I \n a\n");
        for (String line : lines) {
            assertAlike(line.replace("I", interpreter.toString()));
        }
    }

    @Test
    void randomLinesAreReadAsLinuxDoes() throws IOException {
        SplittableRandom random = new SplittableRandom(3);
        String[] pieces = {" ", "\t", "a", "\n", "\0", "I", "  ", "x".repeat(60), " y"};
        for (int i = 0; i < 300; i++) {
            StringBuilder line = new StringBuilder("#!");
            if (random.nextInt(4) > 0) {
                line.append("I");
            }
            int count = random.nextInt(8);
            for (int n = 0; n < count; n++) {
                line.append(pieces[random.nextInt(pieces.length)]);
            }
            assertAlike(line.toString().replace("I", interpreter.toString()));
        }
    }

    private void assertAlike(String line) throws IOException {
        Path script = write("s", line.getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(onHost(script), here(script), line);
    }

    private String here(Path script) throws IOException {
        byte[] head = Arrays.copyOf(Files.readAllBytes(script), ScriptLine.HEAD_BYTES);
        try {
            ScriptLine line = ScriptLine.parse(head).orElseThrow();
            if (!text(line.interpreter()).equals(interpreter.toString())) {
                return REFUSED;
            }
            List<String> arguments = new ArrayList<>();
            arguments.add(text(line.interpreter()));
            line.argument().map(ScriptLineTest::text).ifPresent(arguments::add);
            arguments.add(script.toString());
            return arguments.toString();
        } catch (ErrnoException e) {
            return REFUSED;
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** The interpreter shows its stack, and with it the arguments that it got. */
    private static String onHost(Path script) throws IOException {
        Process process =
                new ProcessBuilder("setarch", "-R", script.toString())
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
        byte[] dump = process.getInputStream().readAllBytes();
        if (dump.length == 0) {
            return REFUSED;
        }
        ByteBuffer words = ByteBuffer.wrap(dump).order(ByteOrder.LITTLE_ENDIAN);
        long count = words.getLong();
        List<String> arguments = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            int start = (int) (words.getLong() - (STACK_TOP - dump.length));
            int end = start;
            while (dump[end] != 0) {
                end++;
            }
            arguments.add(text(Arrays.copyOfRange(dump, start, end)));
        }
        // What is refused setarch hands to a shell, which runs its lines.
        boolean read = arguments.getLast().equals(script.toString());
        return read ? arguments.toString() : REFUSED;
    }

    @Test
    void otherFilesAreNoScripts() {
        byte[] head = Arrays.copyOf(TestElf.executable().bytes(), ScriptLine.HEAD_BYTES);
        assertEquals(Optional.empty(), ScriptLine.parse(head));
    }
}
