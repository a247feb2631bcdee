package dev.plinth.kernel.loader;

import dev.plinth.kernel.loader.linux.Elf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The bytes of a small program, to be spoilt by tests. It exits with 42 if the first word of its
 * bss is zero, else with 1.
 *
 * <pre>
 *   0x0000  ELF header, program headers        PT_LOAD r--  at BASE
 *   0x1000  code                               PT_LOAD r-x  at BASE + 0x1000
 *   0x2000  0x100 bytes of data, then 0xff     PT_LOAD rw-  at BASE + 0x2000, 0x2100 bytes in memory
 * </pre>
 */
final class TestElf {
    static final int PROGRAM_EXITS = 42;
    static final int DATA_IS_NOT_ZERO = 1;

    /** Where the program is linked for, if it is not position independent. */
    static final long BASE = 0x40_0000;

    static final int CODE = 0x1000;
    static final int DATA = 0x2000;
    static final int DATA_FILE_BYTES = 0x100;
    static final int DATA_MEMORY_BYTES = 0x2100;
    static final int FILE_BYTES = 0x3000;

    /** Indices of the program headers. */
    static final int PH_TEXT = 1;

    static final int PH_DATA = 2;
    static final int PH_STACK = 3;
    static final int PH_SPARE = 4;
    static final int PH_COUNT = 5;

    private static final byte[] PROGRAM = {
        (byte) 0x83,
        0x3d,
        (byte) 0xf9,
        0x10,
        0,
        0,
        0, // cmpl $0, bss(%rip)
        (byte) 0xbf,
        PROGRAM_EXITS,
        0,
        0,
        0, // mov $42, %edi
        0x74,
        0x05, // je 1f
        (byte) 0xbf,
        DATA_IS_NOT_ZERO,
        0,
        0,
        0, // mov $1, %edi
        (byte) 0xb8,
        60,
        0,
        0,
        0, // 1: mov $SYS_exit, %eax
        0x0f,
        0x05 // syscall
    };

    /** Writes its stack, up to the top that it has without randomness, to its standard output. */
    private static final byte[] STACK_DUMP = {
        (byte) 0xbf,
        1,
        0,
        0,
        0, // mov $1, %edi
        0x48,
        (byte) 0x89,
        (byte) 0xe6, // mov %rsp, %rsi
        0x48,
        (byte) 0xba,
        0,
        (byte) 0xf0,
        -1,
        -1,
        -1,
        0x7f,
        0,
        0, // mov $0x7ffffffff000, %rdx
        0x48,
        0x29,
        (byte) 0xe2, // sub %rsp, %rdx
        (byte) 0xb8,
        1,
        0,
        0,
        0, // mov $SYS_write, %eax
        0x0f,
        0x05, // syscall
        0x31,
        (byte) 0xff, // xor %edi, %edi
        (byte) 0xb8,
        60,
        0,
        0,
        0, // mov $SYS_exit, %eax
        0x0f,
        0x05 // syscall
    };

    private final ByteBuffer bytes = ByteBuffer.allocate(FILE_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    private TestElf(int type, long base) {
        bytes.putInt(0, Elf.ELFMAG);
        bytes.put(4, (byte) 2).put(5, (byte) 1).put(6, (byte) 1);
        bytes.putShort(Elf.E_TYPE, (short) type);
        bytes.putShort(Elf.E_MACHINE, (short) Elf.EM_X86_64);
        bytes.putInt(20, 1);
        bytes.putLong(Elf.E_ENTRY, base + CODE);
        bytes.putLong(Elf.E_PHOFF, Elf.EHDR_BYTES);
        bytes.putShort(52, (short) Elf.EHDR_BYTES);
        bytes.putShort(Elf.E_PHENTSIZE, (short) Elf.PHDR_BYTES);
        bytes.putShort(Elf.E_PHNUM, (short) PH_COUNT);
        load(0, Elf.PF_R, 0, base, CODE, CODE);
        load(PH_TEXT, Elf.PF_R | Elf.PF_X, CODE, base + CODE, 0x1000, 0x1000);
        load(PH_DATA, Elf.PF_R | Elf.PF_W, DATA, base + DATA, DATA_FILE_BYTES, DATA_MEMORY_BYTES);
        header(PH_STACK, Elf.PT_GNU_STACK, Elf.PF_R | Elf.PF_W, 0, 0, 0, 0, 16);
        bytes.put(CODE, PROGRAM);
        Arrays.fill(bytes.array(), DATA + DATA_FILE_BYTES, FILE_BYTES, (byte) 0xff);
    }

    static TestElf executable() {
        return new TestElf(Elf.ET_EXEC, BASE);
    }

    static TestElf positionIndependent() {
        return new TestElf(Elf.ET_DYN, 0);
    }

    /** A program that shows its initial stack instead. */
    static TestElf stackDump() {
        TestElf elf = executable();
        elf.bytes.put(CODE, STACK_DUMP);
        return elf;
    }

    private void load(int index, int flags, long offset, long address, long inFile, long inMemory) {
        header(index, Elf.PT_LOAD, flags, offset, address, inFile, inMemory, 0x1000);
    }

    /** Sets a program header. */
    TestElf header(
            int index,
            int type,
            int flags,
            long offset,
            long address,
            long inFile,
            long inMemory,
            long alignment) {
        int at = at(index);
        bytes.putInt(at + Elf.P_TYPE, type);
        bytes.putInt(at + Elf.P_FLAGS, flags);
        bytes.putLong(at + Elf.P_OFFSET, offset);
        bytes.putLong(at + Elf.P_VADDR, address);
        bytes.putLong(at + 24, address);
        bytes.putLong(at + Elf.P_FILESZ, inFile);
        bytes.putLong(at + Elf.P_MEMSZ, inMemory);
        bytes.putLong(at + Elf.P_ALIGN, alignment);
        return this;
    }

    /** Sets a word of a program header. */
    TestElf header(int index, int field, long value) {
        return word(at(index) + field, value);
    }

    /** Sets the type of a program header. */
    TestElf type(int index, int type) {
        bytes.putInt(at(index) + Elf.P_TYPE, type);
        return this;
    }

    /** Sets the flags of a program header. */
    TestElf flags(int index, int flags) {
        bytes.putInt(at(index) + Elf.P_FLAGS, flags);
        return this;
    }

    /** Asks for an interpreter, whose name is put where nothing else is. */
    TestElf interpreter(String path) {
        byte[] name = (path + "\0").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        bytes.put(0x800, name);
        return header(PH_SPARE, Elf.PT_INTERP, Elf.PF_R, 0x800, 0, name.length, name.length, 1);
    }

    private static int at(int index) {
        return Elf.EHDR_BYTES + index * Elf.PHDR_BYTES;
    }

    TestElf put(int offset, int value) {
        bytes.put(offset, (byte) value);
        return this;
    }

    TestElf half(int offset, int value) {
        bytes.putShort(offset, (short) value);
        return this;
    }

    TestElf word(int offset, long value) {
        bytes.putLong(offset, value);
        return this;
    }

    byte[] bytes() {
        return bytes.array().clone();
    }

    byte[] truncated(int length) {
        return Arrays.copyOf(bytes.array(), length);
    }

    /** The program, to be found at its entry. */
    static byte[] program() {
        return PROGRAM.clone();
    }
}
