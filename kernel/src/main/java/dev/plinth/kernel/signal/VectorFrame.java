package dev.plinth.kernel.signal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The vector state as it stands above a signal frame: an XSAVE area with the words that tell a
 * program what it is ({@code struct _fpx_sw_bytes} of uapi/asm/sigcontext.h) and a magic number
 * behind it.
 */
public final class VectorFrame {
    /** What stands behind the XSAVE area. */
    public static final int TRAILER_BYTES = 4;

    /** Where vector state must be aligned to. */
    public static final int ALIGNMENT = 64;

    private static final int SOFTWARE_WORDS = 464;
    private static final int EXTENDED_SIZE = SOFTWARE_WORDS + 4;
    private static final int FEATURES = SOFTWARE_WORDS + 8;
    private static final int STATE_SIZE = SOFTWARE_WORDS + 16;
    private static final int FP_XSTATE_MAGIC1 = 0x46505853;
    private static final int FP_XSTATE_MAGIC2 = 0x46505845;

    /** Where {@code XSTATE_BV} stands. */
    private static final int XSTATE_BV = 512;

    /** x87 and SSE: what the legacy region holds. */
    private static final long LEGACY_FEATURES = 3;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private VectorFrame() {}

    /**
     * Marks an XSAVE area for a signal frame.
     *
     * @param area of {@code size + TRAILER_BYTES} bytes, which holds the state
     * @param size of the state
     * @param features that the state can have: XCR0
     */
    public static void mark(MemorySegment area, int size, long features) {
        area.set(INT, SOFTWARE_WORDS, FP_XSTATE_MAGIC1);
        area.set(INT, EXTENDED_SIZE, size + TRAILER_BYTES);
        area.set(LONG, FEATURES, features);
        area.set(INT, STATE_SIZE, size);
        area.set(INT, size, FP_XSTATE_MAGIC2);
        // Linux always says that x87 and SSE state are there, whatever the processor left out.
        area.set(LONG, XSTATE_BV, area.get(LONG, XSTATE_BV) | LEGACY_FEATURES);
    }

    /**
     * Makes what a program left in a signal frame fit to be loaded.
     *
     * <p>Without the marks only the legacy region counts, as in Linux.
     *
     * @param area of {@code size + TRAILER_BYTES} bytes, copied from the program; changed
     */
    public static void unmark(MemorySegment area, int size, long features) {
        boolean extended =
                area.get(INT, SOFTWARE_WORDS) == FP_XSTATE_MAGIC1
                        && area.get(INT, STATE_SIZE) == size
                        && area.get(INT, size) == FP_XSTATE_MAGIC2;
        long present = extended ? area.get(LONG, XSTATE_BV) & features : LEGACY_FEATURES;
        area.asSlice(SOFTWARE_WORDS, XSTATE_BV - SOFTWARE_WORDS).fill((byte) 0);
        area.set(LONG, XSTATE_BV, present);
        if (!extended) {
            area.asSlice(XSTATE_BV + 8L, size - XSTATE_BV - 8L).fill((byte) 0);
        }
    }
}
