package dev.plinth.platform.ptrace.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.platform.ptrace.x86.Instruction.Effect;
import dev.plinth.platform.ptrace.x86.Instruction.Kind;

import org.junit.jupiter.api.Test;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;

/** The oracle is a processor: access-oracle.gz is what src/test/native/access-oracle.c printed. */
class InstructionDecoderTest {
    /** What a processor said about an instruction. */
    private static final class Line {
        final byte[] code;
        final boolean writes;
        final int length;
        final String text;

        private Line(byte[] code, boolean writes, int length, String text) {
            this.code = code;
            this.writes = writes;
            this.length = length;
            this.text = text;
        }

        static Line parse(String text) {
            String[] fields = text.split(" ", 3);
            byte[] prefix = HexFormat.of().parseHex(fields[0]);
            byte[] code = Arrays.copyOf(prefix, InstructionDecoder.MAX_LENGTH);
            Arrays.fill(code, prefix.length, code.length, (byte) 0xcc);
            return new Line(code, fields[1].equals("w"), Integer.parseInt(fields[2]), text);
        }

        /** It reads one operand in memory and writes another: the decoder leaves it alone. */
        boolean isMovdir64b() {
            return text.startsWith("660f38f8") || text.startsWith("66480f38f8");
        }
    }

    @Test
    void agreesWithTheProcessorOnWhatIsWritten() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Line line : oracle()) {
            Instruction instruction = decode(line);
            if (!line.isMovdir64b()
                    && (instruction.kind() != Kind.KNOWN
                            || writesOperand(instruction.effect()) != line.writes)) {
                wrong.add(line.text + ": " + instruction);
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void agreesWithTheProcessorOnLengths() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Line line : oracle()) {
            if (line.length != 0 && decode(line).length() != line.length) {
                wrong.add(line.text + ": " + decode(line));
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void tellsWhenTheBytesEndBeforeTheInstruction() throws IOException {
        List<String> wrong = new ArrayList<>();
        for (Line line : oracle()) {
            for (int available = 0; available < line.length; available++) {
                Kind kind = InstructionDecoder.decode(line.code, available).kind();
                if (kind != Kind.TRUNCATED) {
                    wrong.add(line.text + " cut to " + available + ": " + kind);
                }
            }
        }
        assertEquals(List.of(), wrong);
    }

    @Test
    void theOracleSawEveryMap() throws IOException {
        List<Line> lines = oracle();
        assertTrue(lines.size() > 5000, "only " + lines.size() + " lines");
        for (String start :
                List.of("0f29", "0f38", "0f3a16", "c4e1", "c4e2", "c4e3", "62f1", "62f2")) {
            assertTrue(
                    lines.stream().anyMatch(line -> line.text.contains(start)),
                    "nothing with " + start);
        }
    }

    @Test
    void knowsTheInstructionsThatUseTheStack() {
        assertEffect(Effect.PUSHES, 1, "50");
        assertEffect(Effect.PUSHES, 2, "4157");
        assertEffect(Effect.PUSHES, 5, "6801020304");
        assertEffect(Effect.PUSHES, 2, "6a01");
        assertEffect(Effect.PUSHES, 1, "9c");
        assertEffect(Effect.PUSHES, 4, "c8100000");
        assertEffect(Effect.PUSHES, 5, "e800000000");
        assertEffect(Effect.PUSHES, 2, "ffd0");
        assertEffect(Effect.PUSHES, 2, "ff30");
        assertEffect(Effect.PUSHES, 2, "0fa0");
        assertEffect(Effect.READS, 1, "58");
        assertEffect(Effect.READS, 1, "c3");
        assertEffect(Effect.READS, 3, "c20800");
        assertEffect(Effect.READS, 1, "c9");
        assertEffect(Effect.READS, 2, "48cf");
        assertEffect(Effect.POPS_TO_MEMORY, 2, "8f00");
    }

    @Test
    void knowsTheInstructionsThatUseStringRegisters() {
        assertEffect(Effect.COPIES_STRING, 2, "f3a4");
        assertEffect(Effect.COPIES_STRING, 3, "f348a5");
        assertEffect(Effect.WRITES, 2, "f3aa");
        assertEffect(Effect.READS, 2, "f3a6");
        assertEffect(Effect.READS, 1, "ac");
        assertEffect(Effect.READS, 1, "ae");
        assertEffect(Effect.WRITES, 4, "660ff7c1");
        assertEffect(Effect.WRITES, 4, "c5f9f7c1");
    }

    @Test
    void knowsAbsoluteAddressesAndWideImmediates() {
        assertEffect(Effect.READS, 9, "a10102030405060708");
        assertEffect(Effect.WRITES, 10, "48a30102030405060708");
        assertEffect(Effect.WRITES, 6, "67a301020304");
        assertEffect(Effect.READS, 10, "48b80102030405060708");
        assertEffect(Effect.READS, 4, "66b80102");
        assertEffect(Effect.READS, 5, "b801020304");
        assertEffect(Effect.WRITES, 12, "64c704251000000001020304");
    }

    @Test
    void knowsEveryAddressingMode() {
        assertEffect(Effect.WRITES, 2, "8903");
        assertEffect(Effect.WRITES, 6, "890501020304");
        assertEffect(Effect.WRITES, 3, "894301");
        assertEffect(Effect.WRITES, 6, "898301020304");
        assertEffect(Effect.WRITES, 3, "89041c");
        assertEffect(Effect.WRITES, 7, "89042501020304");
        assertEffect(Effect.WRITES, 4, "89442401");
        assertEffect(Effect.WRITES, 7, "89842401020304");
        assertEffect(Effect.READS, 2, "89c3");
    }

    @Test
    void survivesAnyBytes() {
        Random random = new Random(1);
        byte[] code = new byte[24];
        for (int i = 0; i < 1_000_000; i++) {
            random.nextBytes(code);
            int available = random.nextInt(code.length);
            Instruction instruction = InstructionDecoder.decode(code, available);
            assertTrue(
                    instruction.length() <= Math.min(available, InstructionDecoder.MAX_LENGTH),
                    () -> HexFormat.of().formatHex(code));
        }
    }

    private static void assertEffect(Effect effect, int length, String hex) {
        byte[] code = Arrays.copyOf(HexFormat.of().parseHex(hex), InstructionDecoder.MAX_LENGTH);
        assertEquals(
                new Instruction(Kind.KNOWN, length, effect),
                InstructionDecoder.decode(code, code.length),
                hex);
    }

    private static boolean writesOperand(Effect effect) {
        return effect == Effect.WRITES || effect == Effect.POPS_TO_MEMORY;
    }

    private static Instruction decode(Line line) {
        return InstructionDecoder.decode(line.code, line.code.length);
    }

    private static List<Line> oracle() throws IOException {
        List<Line> lines = new ArrayList<>();
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(
                                new GZIPInputStream(
                                        InstructionDecoderTest.class.getResourceAsStream(
                                                "access-oracle.gz")),
                                StandardCharsets.US_ASCII))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(Line.parse(line));
            }
        }
        return lines;
    }
}
