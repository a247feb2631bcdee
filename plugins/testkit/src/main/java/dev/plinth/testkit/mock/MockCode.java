package dev.plinth.testkit.mock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * The bytes that stand for a guest program in memory.
 *
 * <pre>
 *  0  0f 0b               ud2: a real processor traps
 *  2  70 6c 69 6e 74 68   the magic word, "plinth"
 *  8  number              of the program, 8 bytes, little endian
 * 16  0f 0b               where the program stands while it makes a system call
 * 18  0f 0b …             where it goes on behind it
 * 32  0f 0b …             where it stands while it does anything else
 * </pre>
 */
public final class MockCode {
    /** The room of a program; slots are aligned to it, so none lies over the border of a page. */
    public static final int SLOT_BYTES = 64;

    /** How many bytes tell which program it is. */
    static final int HEADER_BYTES = 16;

    /** Where, from its start, a program makes its system calls. */
    static final int SYSCALL_OFFSET = 16;

    /** The size of every instruction, that of {@code syscall}. */
    static final int INSTRUCTION_BYTES = 2;

    /** Where, from its start, a program does everything else. */
    static final int WORK_OFFSET = 32;

    private static final byte[] UD2 = {0x0f, 0x0b};
    private static final byte[] MAGIC = {'p', 'l', 'i', 'n', 't', 'h'};

    private MockCode() {}

    static byte[] slot(int number) {
        ByteBuffer slot = ByteBuffer.allocate(SLOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        slot.put(UD2).put(MAGIC).putLong(number);
        while (slot.hasRemaining()) {
            slot.put(UD2);
        }
        return slot.array();
    }

    static Optional<Integer> numberIn(byte[] bytes) {
        ByteBuffer slot = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        byte[] opcode = new byte[UD2.length];
        byte[] magic = new byte[MAGIC.length];
        slot.get(opcode).get(magic);
        long number = slot.getLong();
        boolean valid =
                Arrays.equals(opcode, UD2)
                        && Arrays.equals(magic, MAGIC)
                        && number >= 0
                        && number < MockPrograms.MAX_PROGRAMS;
        return valid ? Optional.of((int) number) : Optional.empty();
    }
}
