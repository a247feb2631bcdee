package dev.plinth.testkit.contract;

import dev.plinth.api.platform.CpuFeatures;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Vector state in memory: an XSAVE area in standard format.
 *
 * <p>Layout: Intel SDM volume 1, section 13.4.
 */
final class XsaveArea {
    static final long X87 = 1;
    static final long SSE = 2;
    static final long AVX = 4;

    private static final long ALIGNMENT = 64;
    private static final long CONTROL_WORD = 0;
    private static final long MXCSR = 24;
    private static final long ST0 = 32;
    private static final long XMM0 = 160;
    private static final long COMPONENTS = 512;
    private static final long HEADER_RESERVED = 528;
    private static final long YMM0_HIGH = 576;
    private static final long XMM_BYTES = 16;

    private final MemorySegment area;

    /** An area that says that every component is in its initial state. */
    XsaveArea(CpuFeatures cpu) {
        this.area = Arena.ofAuto().allocate(cpu.vectorStateBytes(), ALIGNMENT);
        setControlWord(0x37f);
        setMxcsr(0x1f80);
    }

    MemorySegment segment() {
        return area;
    }

    long components() {
        return area.get(ValueLayout.JAVA_LONG, COMPONENTS);
    }

    XsaveArea setComponents(long components) {
        area.set(ValueLayout.JAVA_LONG, COMPONENTS, components);
        return this;
    }

    XsaveArea setReservedHeader(long value) {
        area.set(ValueLayout.JAVA_LONG, HEADER_RESERVED, value);
        return this;
    }

    int controlWord() {
        boolean there = (components() & X87) != 0;
        return there ? area.get(ValueLayout.JAVA_SHORT, CONTROL_WORD) & 0xffff : 0x37f;
    }

    XsaveArea setControlWord(int value) {
        area.set(ValueLayout.JAVA_SHORT, CONTROL_WORD, (short) value);
        return this;
    }

    int mxcsr() {
        boolean there = (components() & (SSE | AVX)) != 0;
        return there ? area.get(ValueLayout.JAVA_INT, MXCSR) : 0x1f80;
    }

    XsaveArea setMxcsr(int value) {
        area.set(ValueLayout.JAVA_INT, MXCSR, value);
        return this;
    }

    /** The significand of an x87 register. */
    long st(int number) {
        return (components() & X87) != 0
                ? area.get(ValueLayout.JAVA_LONG, ST0 + number * XMM_BYTES)
                : 0;
    }

    XsaveArea setSt(int number, long significand) {
        area.set(ValueLayout.JAVA_LONG, ST0 + number * XMM_BYTES, significand);
        return this;
    }

    /** The low half of an SSE register. */
    long xmm(int number) {
        return (components() & SSE) != 0
                ? area.get(ValueLayout.JAVA_LONG, XMM0 + number * XMM_BYTES)
                : 0;
    }

    XsaveArea setXmm(int number, long low) {
        area.set(ValueLayout.JAVA_LONG, XMM0 + number * XMM_BYTES, low);
        return this;
    }

    /** Bits 128 to 191 of an AVX register. */
    long ymmHigh(int number) {
        return (components() & AVX) != 0
                ? area.get(ValueLayout.JAVA_LONG, YMM0_HIGH + number * XMM_BYTES)
                : 0;
    }

    XsaveArea setYmmHigh(int number, long value) {
        area.set(ValueLayout.JAVA_LONG, YMM0_HIGH + number * XMM_BYTES, value);
        return this;
    }
}
