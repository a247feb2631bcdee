package dev.plinth.kernel.fs.sysfs;

/** Sets of processors as sysfs writes them: cpumap and cpulist of {@code lib/bitmap-str.c}. */
final class ProcessorMask {
    private static final int WORD_BITS = 32;
    private static final int BITS_PER_DIGIT = 4;
    private static final int WORD_DIGITS = WORD_BITS / BITS_PER_DIGIT;

    private ProcessorMask() {}

    /** All processors below a count, as a list. */
    static String list(int count) {
        return count == 1 ? "0" : "0-" + (count - 1);
    }

    /**
     * Processors as bits, in words of eight digits.
     *
     * @param count how many processors there are
     * @param from the first in the set
     * @param to the first behind the set
     */
    static String of(int count, int from, int to) {
        int words = (count + WORD_BITS - 1) / WORD_BITS;
        StringBuilder text = new StringBuilder();
        for (int word = words - 1; word >= 0; word--) {
            long bits = 0;
            for (int bit = 0; bit < WORD_BITS; bit++) {
                int processor = word * WORD_BITS + bit;
                bits |= processor >= from && processor < to ? 1L << bit : 0;
            }
            boolean first = word == words - 1;
            int left = count - word * WORD_BITS;
            int digits = first ? (left + BITS_PER_DIGIT - 1) / BITS_PER_DIGIT : WORD_DIGITS;
            text.append(first ? "" : ",").append(("%0" + digits + "x").formatted(bits));
        }
        return text.toString();
    }
}
