package dev.plinth.platform.kvm.x86;

/** The numbers of the processor's exceptions. */
public final class Vector {
    /** How many there are, with interrupts. */
    public static final int COUNT = 256;

    public static final int DIVIDE_ERROR = 0;
    public static final int DEBUG = 1;
    public static final int BREAKPOINT = 3;
    public static final int OVERFLOW = 4;
    public static final int INVALID_OPCODE = 6;
    public static final int INVALID_TSS = 10;
    public static final int SEGMENT_NOT_PRESENT = 11;
    public static final int STACK_FAULT = 12;
    public static final int GENERAL_PROTECTION = 13;
    public static final int PAGE_FAULT = 14;
    public static final int X87_FLOATING_POINT = 16;
    public static final int ALIGNMENT_CHECK = 17;
    public static final int SIMD_FLOATING_POINT = 19;

    /** Those that push an error code: 8, 10 to 14, 17, 21, 29, 30. */
    private static final long WITH_ERROR_CODE =
            1L << 8 | 0x1fL << 10 | 1L << 17 | 1L << 21 | 1L << 29 | 1L << 30;

    private Vector() {}

    /** Whether the exception pushes an error code. */
    public static boolean hasErrorCode(int vector) {
        return vector < Long.SIZE && (WITH_ERROR_CODE >>> vector & 1) != 0;
    }
}
