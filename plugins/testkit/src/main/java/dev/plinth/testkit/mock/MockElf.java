package dev.plinth.testkit.mock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Makes executables of guest programs, as a linker would: headers, text and zero data.
 *
 * <p>Mirrors {@code struct elf64_hdr} and {@code struct elf64_phdr} of linux/elf.h.
 */
public final class MockElf {
    /** Where an executable at fixed addresses begins: with its ELF header. */
    public static final long BASE_ADDRESS = 0x400000;

    /** Where the data segment lies, from {@link #BASE_ADDRESS}. */
    public static final long DATA_OFFSET = 0x200000;

    /** Where the data segment of an executable at fixed addresses lies. */
    public static final long DATA_ADDRESS = BASE_ADDRESS + DATA_OFFSET;

    /** The size of the data segment, all of it zero when the program starts. */
    public static final int DATA_BYTES = 1 << 16;

    /**
     * Where the text lies, from {@link #BASE_ADDRESS} and in the file: behind the headers' page.
     */
    private static final int TEXT_OFFSET = 0x1000;

    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;

    private static final short ET_EXEC = 2;
    private static final short ET_DYN = 3;
    private static final short EM_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_GNU_STACK = 0x6474e551;
    private static final int PF_X = 1;
    private static final int PF_W = 2;
    private static final int PF_R = 4;

    private MockElf() {}

    static long addressOf(int number) {
        return BASE_ADDRESS + TEXT_OFFSET + (long) number * MockCode.SLOT_BYTES;
    }

    static byte[] fixed(int entry, int count) {
        return executable(ET_EXEC, BASE_ADDRESS, entry, count);
    }

    static byte[] positionIndependent(int entry, int count) {
        return executable(ET_DYN, 0, entry, count);
    }

    private static byte[] executable(short type, long base, int entry, int count) {
        int fileBytes = TEXT_OFFSET + count * MockCode.SLOT_BYTES;
        ByteBuffer elf = ByteBuffer.allocate(fileBytes).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        elf.putShort(type).putShort(EM_X86_64).putInt(1);
        elf.putLong(addressOf(entry) - BASE_ADDRESS + base);
        elf.putLong(HEADER_BYTES).putLong(0).putInt(0);
        elf.putShort((short) HEADER_BYTES);
        elf.putShort((short) PROGRAM_HEADER_BYTES).putShort((short) 3);
        elf.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        programHeader(elf, PT_LOAD, PF_R | PF_X, base, fileBytes, fileBytes);
        programHeader(elf, PT_LOAD, PF_R | PF_W, base + DATA_OFFSET, 0, DATA_BYTES);
        programHeader(elf, PT_GNU_STACK, PF_R | PF_W, 0, 0, 0);
        elf.position(TEXT_OFFSET);
        for (int number = 0; number < count; number++) {
            elf.put(MockCode.slot(number));
        }
        return elf.array();
    }

    private static void programHeader(
            ByteBuffer elf, int type, int flags, long address, long fileBytes, long memoryBytes) {
        elf.putInt(type).putInt(flags);
        elf.putLong(0).putLong(address).putLong(address);
        elf.putLong(fileBytes).putLong(memoryBytes).putLong(0x1000);
    }
}
