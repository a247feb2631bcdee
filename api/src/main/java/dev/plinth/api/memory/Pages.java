package dev.plinth.api.memory;

/** The page size of x86-64 and arithmetic with it. */
public final class Pages {
    /** Bytes in a page. */
    public static final int SIZE = 4096;

    /** {@code log2} of {@link #SIZE}. */
    public static final int SHIFT = 12;

    private Pages() {}

    /** Whether an address or length is a multiple of the page size. */
    public static boolean isAligned(long value) {
        return (value & (SIZE - 1)) == 0;
    }

    /** The start of the page that holds the address. */
    public static long floor(long value) {
        return value & -SIZE;
    }

    /**
     * The least multiple of the page size that is not below the value.
     *
     * @throws ArithmeticException if that is beyond {@link Long#MAX_VALUE}
     */
    public static long ceil(long value) {
        return floor(Math.addExact(value, SIZE - 1));
    }
}
