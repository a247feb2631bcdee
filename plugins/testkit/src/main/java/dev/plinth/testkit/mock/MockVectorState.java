package dev.plinth.testkit.mock;

import dev.plinth.api.platform.CpuFeatures;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The vector state of a context: an XSAVE area with x87 and SSE state, and whatever else the
 * processor is said to have, which is kept as it is.
 *
 * <p>Layout and checks: Intel SDM volume 1, chapter 13.
 */
final class MockVectorState {
    /** x87 and SSE. */
    static final long XCR0 = 3;

    /** As much as they take. */
    static final int BYTES = 576;

    private static final long MXCSR = 24;
    private static final long SSE_START = 160;
    private static final long SSE_END = 416;
    private static final long HEADER = 512;
    private static final long X87 = 1;
    private static final long SSE = 2;
    private static final int MXCSR_MASK = 0xffff;
    private static final int INITIAL_MXCSR = 0x1f80;
    private static final short INITIAL_CONTROL_WORD = 0x37f;

    private final CpuFeatures cpu;
    private final MemorySegment area;

    MockVectorState(CpuFeatures cpu) {
        this.cpu = cpu;
        this.area = MemorySegment.ofArray(new long[cpu.vectorStateBytes() / Long.BYTES]);
        initialise();
    }

    /** The area that guest code reads and writes. */
    MemorySegment area() {
        return area;
    }

    void read(MemorySegment destination) {
        requireArea(destination);
        MemorySegment.copy(area, 0, destination, 0, area.byteSize());
    }

    void write(MemorySegment source) {
        requireArea(source);
        long components = source.get(ValueLayout.JAVA_LONG, HEADER);
        if ((components & ~cpu.xcr0()) != 0) {
            throw new IllegalArgumentException(
                    "components outside xcr0: 0x" + Long.toHexString(components));
        }
        for (long at = HEADER + Long.BYTES; at < BYTES; at += Long.BYTES) {
            if (source.get(ValueLayout.JAVA_LONG, at) != 0) {
                throw new IllegalArgumentException("reserved bits of the header are set");
            }
        }
        int mxcsr = source.get(ValueLayout.JAVA_INT, MXCSR);
        if (components != 0 && (mxcsr & ~MXCSR_MASK) != 0) {
            throw new IllegalArgumentException(
                    "reserved bits of MXCSR: 0x" + Integer.toHexString(mxcsr));
        }
        initialise();
        if ((components & X87) != 0) {
            MemorySegment.copy(source, 0, area, 0, MXCSR);
            MemorySegment.copy(source, MXCSR + Long.BYTES, area, MXCSR + Long.BYTES, 128);
        }
        if ((components & SSE) != 0) {
            area.set(ValueLayout.JAVA_INT, MXCSR, mxcsr);
            MemorySegment.copy(source, SSE_START, area, SSE_START, SSE_END - SSE_START);
        }
        if ((components & ~XCR0) != 0) {
            area.set(ValueLayout.JAVA_INT, MXCSR, mxcsr);
            area.set(ValueLayout.JAVA_LONG, HEADER, XCR0 | components);
            MemorySegment.copy(source, BYTES, area, BYTES, area.byteSize() - BYTES);
        }
    }

    private void initialise() {
        area.fill((byte) 0);
        area.set(ValueLayout.JAVA_SHORT, 0, INITIAL_CONTROL_WORD);
        area.set(ValueLayout.JAVA_INT, MXCSR, INITIAL_MXCSR);
        area.set(ValueLayout.JAVA_INT, MXCSR + Integer.BYTES, MXCSR_MASK);
        area.set(ValueLayout.JAVA_LONG, HEADER, XCR0);
    }

    private void requireArea(MemorySegment segment) {
        boolean fits =
                segment.isNative()
                        && segment.byteSize() >= area.byteSize()
                        && segment.address() % 64 == 0;
        if (!fits) {
            throw new IllegalArgumentException("not an XSAVE area: " + segment);
        }
    }
}
