package dev.plinth.testkit.assembler;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Makes a static executable of a program: its code at a fixed address, and zero data.
 *
 * <p>Mirrors {@code struct elf64_hdr} and {@code struct elf64_phdr} of linux/elf.h.
 */
public final class GuestExecutable {
    /** Where the code begins, and with it the program. */
    public static final long CODE_ADDRESS = 0x401000;

    /** Where the data begins, all of it zero when the program starts. */
    public static final long DATA_ADDRESS = 0x600000;

    /** The size of the data. */
    public static final int DATA_BYTES = 1 << 16;

    private static final long BASE_ADDRESS = 0x400000;
    private static final int CODE_OFFSET = (int) (CODE_ADDRESS - BASE_ADDRESS);
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int PAGE_BYTES = 0x1000;

    private static final short ET_EXEC = 2;
    private static final short EM_X86_64 = 62;
    private static final int PT_LOAD = 1;
    private static final int PT_GNU_STACK = 0x6474e551;
    private static final int PF_X = 1;
    private static final int PF_W = 2;
    private static final int PF_R = 4;

    private GuestExecutable() {}

    /** The file. */
    public static byte[] of(GuestProgram program) {
        int fileBytes = CODE_OFFSET + program.length();
        ByteBuffer elf = ByteBuffer.allocate(fileBytes).order(ByteOrder.LITTLE_ENDIAN);
        elf.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        elf.putShort(ET_EXEC).putShort(EM_X86_64).putInt(1).putLong(CODE_ADDRESS);
        elf.putLong(HEADER_BYTES).putLong(0).putInt(0).putShort((short) HEADER_BYTES);
        elf.putShort((short) PROGRAM_HEADER_BYTES).putShort((short) 3);
        elf.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        programHeader(elf, PT_LOAD, PF_R | PF_X, BASE_ADDRESS, fileBytes, fileBytes);
        programHeader(elf, PT_LOAD, PF_R | PF_W, DATA_ADDRESS, 0, DATA_BYTES);
        programHeader(elf, PT_GNU_STACK, PF_R | PF_W, 0, 0, 0);
        return elf.position(CODE_OFFSET).put(program.code()).array();
    }

    private static void programHeader(
            ByteBuffer elf, int type, int flags, long address, long fileBytes, long memoryBytes) {
        elf.putInt(type).putInt(flags);
        elf.putLong(0).putLong(address).putLong(address);
        elf.putLong(fileBytes).putLong(memoryBytes).putLong(PAGE_BYTES);
    }
}
