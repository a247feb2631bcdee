package dev.plinth.testkit.contract;

import dev.plinth.testkit.assembler.GuestAssembler;

/**
 * Machine code that moves all vector registers from and to memory, as wide as the processor has
 * them.
 */
final class VectorCode {
    /** Where, in its block, each thing is kept. */
    static final int MXCSR = 2048;

    static final int CONTROL_WORD = 2056;
    static final int ST = 2064;
    static final int MASKS = 2080;

    /** The size of a block. */
    static final int BYTES = 2144;

    private static final int REGISTER_STRIDE = 64;
    private static final long AVX = 4;
    private static final long AVX_512 = 0xe0;

    private final boolean avx;
    private final boolean avx512;

    /**
     * Chooses by the features.
     *
     * @param xcr0 of the processor
     */
    VectorCode(long xcr0) {
        this.avx = (xcr0 & AVX) != 0;
        this.avx512 = (xcr0 & AVX_512) == AVX_512;
    }

    /** How many bytes of each vector register are moved. */
    int registerBytes() {
        return avx512 ? 64 : avx ? 32 : 16;
    }

    /** How many vector registers there are. */
    int registers() {
        return avx512 ? 32 : 16;
    }

    /** How many mask registers there are. */
    int masks() {
        return avx512 ? 8 : 0;
    }

    static int registerOffset(int number) {
        return number * REGISTER_STRIDE;
    }

    static int maskOffset(int number) {
        return MASKS + number * Long.BYTES;
    }

    /** Loads everything from the block at rbx. */
    void load(GuestAssembler assembler) {
        for (int i = 0; i < registers(); i++) {
            move(assembler, i, 0x10);
        }
        for (int i = 0; i < masks(); i++) {
            // kmovq k, [rbx + offset]
            assembler.bytes("c4 e1 f8 90").bytes(operand(i, maskOffset(i)));
        }
        assembler.bytes("0f ae").bytes(operand(2, MXCSR)); // ldmxcsr
        assembler.bytes("d9").bytes(operand(5, CONTROL_WORD)); // fldcw
        assembler.bytes("dd").bytes(operand(0, ST)); // fld qword
    }

    /** Stores everything to the block at rbx. */
    void store(GuestAssembler assembler) {
        for (int i = 0; i < registers(); i++) {
            move(assembler, i, 0x11);
        }
        for (int i = 0; i < masks(); i++) {
            // kmovq [rbx + offset], k
            assembler.bytes("c4 e1 f8 91").bytes(operand(i, maskOffset(i)));
        }
        assembler.bytes("0f ae").bytes(operand(3, MXCSR)); // stmxcsr
        assembler.bytes("d9").bytes(operand(7, CONTROL_WORD)); // fnstcw
        assembler.bytes("dd").bytes(operand(2, ST)); // fst qword
    }

    /** {@code movups}, or its wider forms; the opcode says which way. */
    private void move(GuestAssembler assembler, int number, int opcode) {
        int low = number & 7;
        int offset = registerOffset(number);
        if (avx512) {
            // EVEX: R and R' are the inverted bits 3 and 4 of the register; 512 bits; no mask.
            int p0 = 0x61 | ((number & 8) == 0 ? 0x80 : 0) | ((number & 16) == 0 ? 0x10 : 0);
            assembler.bytes("62 %02x 7c 48 %02x".formatted(p0, opcode));
            // The displacement of 32 bits is not scaled.
            assembler.bytes(operand(low, offset));
        } else if (avx) {
            int vex = number < 8 ? 0xfc : 0x7c;
            assembler.bytes("c5 %02x %02x".formatted(vex, opcode)).bytes(operand(low, offset));
        } else {
            assembler
                    .bytes((number < 8 ? "" : "44") + "0f %02x".formatted(opcode))
                    .bytes(operand(low, offset));
        }
    }

    /** ModRM and displacement of an operand at {@code [rbx + offset]}. */
    private static String operand(int register, int offset) {
        return "%02x %02x %02x %02x %02x"
                .formatted(
                        0x83 | (register << 3),
                        offset & 0xff,
                        (offset >> 8) & 0xff,
                        (offset >> 16) & 0xff,
                        offset >>> 24);
    }
}
