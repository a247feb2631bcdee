package dev.plinth.platform.kvm.x86;

/** Recognises the few instructions that a guest may not execute by itself. Stateless. */
public final class Instruction {
    /** No instruction is longer. */
    public static final int MAX_LENGTH = 15;

    private static final int TWO_BYTE = 0x0f;
    private static final int CPUID = 0xa2;
    private static final int INT = 0xcd;

    private Instruction() {}

    /**
     * The length of a CPUID with its prefixes.
     *
     * @param code from the instruction on
     * @param count how many bytes of it there are
     * @return zero if it is another instruction
     */
    public static int lengthOfCpuid(byte[] code, int count) {
        int opcode = skipPrefixes(code, count);
        boolean matches =
                opcode + 1 < count
                        && Byte.toUnsignedInt(code[opcode]) == TWO_BYTE
                        && Byte.toUnsignedInt(code[opcode + 1]) == CPUID;
        return matches ? opcode + 2 : 0;
    }

    /** Whether it is {@code int n}; see {@link #lengthOfCpuid}. */
    public static boolean isSoftwareInterrupt(byte[] code, int count) {
        int opcode = skipPrefixes(code, count);
        return opcode + 1 < count && Byte.toUnsignedInt(code[opcode]) == INT;
    }

    private static int skipPrefixes(byte[] code, int count) {
        int at = 0;
        while (at < count && isPrefix(Byte.toUnsignedInt(code[at]))) {
            at++;
        }
        return at;
    }

    private static boolean isPrefix(int octet) {
        return switch (octet) {
            // Segments, operand and address size, repetition. LOCK makes both undefined.
            case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3 -> true;
            default -> octet >> 4 == 4; // REX
        };
    }
}
