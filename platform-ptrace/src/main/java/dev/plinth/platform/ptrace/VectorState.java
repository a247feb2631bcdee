package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.platform.ptrace.linux.Ptrace;
import dev.plinth.platform.ptrace.linux.Xsave;

import java.lang.foreign.MemorySegment;

/**
 * The vector state of a context: while its stub thread executes, in that thread; else, if the
 * context has none or was given another state, in memory here.
 *
 * <p>It stays in the stub thread from trap to trap, for reading and writing it takes two
 * microseconds. Confined to the context's thread.
 */
final class VectorState {
    private static final int ALIGNMENT = 64;
    private static final long AVX = 4;

    private final Tracer tracer;
    private final CpuFeatures cpu;
    private final int mxcsrMask;
    private final MemorySegment area;

    /** Whether the stub thread has it, and {@link #area} is out of date. */
    private boolean inStub;

    /** Whether it is what a new stub thread has. */
    private boolean initial = true;

    /**
     * The state of a new program.
     *
     * @param initialArea an XSAVE area with that state; copied
     */
    VectorState(Tracer tracer, CpuFeatures cpu, byte[] initialArea) {
        this.tracer = tracer;
        this.cpu = cpu;
        area = tracer.arena().allocate(cpu.vectorStateBytes(), ALIGNMENT);
        MemorySegment.copy(MemorySegment.ofArray(initialArea), 0, area, 0, initialArea.length);
        int mask = area.get(JAVA_INT, Xsave.MXCSR_MASK);
        mxcsrMask = mask == 0 ? Xsave.DEFAULT_MXCSR_MASK : mask;
    }

    /** Gives it to a stopped stub thread that is about to execute, if that has not got it. */
    void load(int tid) {
        if (!inStub) {
            if (!initial) {
                transfer(Ptrace.PTRACE_SETREGSET, tid);
            }
            inStub = true;
        }
    }

    /** Takes it from a stopped stub thread that the context gives up. */
    void save(int tid) {
        if (inStub) {
            transfer(Ptrace.PTRACE_GETREGSET, tid);
            inStub = false;
            initial = false;
        }
    }

    /** The next stub thread is not a new one. */
    void expectUsedStub() {
        initial = false;
    }

    /** The stub thread died: the state is what was last known. */
    void forgetStub() {
        inStub = false;
        initial = false;
    }

    /** Copies it out; {@code tid} is the stub thread, where there is one. */
    void read(int tid, MemorySegment destination) {
        if (inStub) {
            transfer(Ptrace.PTRACE_GETREGSET, tid);
        }
        destination.asSlice(0, area.byteSize()).copyFrom(area);
        // Linux's notes to itself about the area are not part of it.
        destination.asSlice(Xsave.SOFTWARE_XCR0, Xsave.HEADER - Xsave.SOFTWARE_XCR0).fill((byte) 0);
    }

    /**
     * Replaces it.
     *
     * @throws IllegalArgumentException if the processor would refuse the area
     */
    void write(MemorySegment source) {
        check(source);
        area.copyFrom(source.asSlice(0, area.byteSize()));
        makeExplicit();
        inStub = false;
        initial = false;
    }

    private void check(MemorySegment source) {
        long components = source.get(JAVA_LONG, Xsave.XSTATE_BV);
        if ((components & ~cpu.xcr0()) != 0) {
            throw new IllegalArgumentException(
                    "vector state has components that the processor has not: 0x"
                            + Long.toHexString(components & ~cpu.xcr0()));
        }
        for (long at = Xsave.XCOMP_BV; at < Xsave.HEADER_END; at += Long.BYTES) {
            if (source.get(JAVA_LONG, at) != 0) {
                throw new IllegalArgumentException(
                        "vector state is not in standard format: header byte "
                                + (at - Xsave.HEADER));
            }
        }
        if ((source.get(JAVA_INT, Xsave.MXCSR) & ~mxcsrMask) != 0) {
            throw new IllegalArgumentException("vector state has reserved bits of MXCSR set");
        }
    }

    /**
     * Writes out the initial state of the x87 and SSE components where the header leaves them out:
     * kernels differ in which of their fields they take from the area then.
     */
    private void makeExplicit() {
        long components = area.get(JAVA_LONG, Xsave.XSTATE_BV);
        if ((components & Xsave.X87) == 0) {
            area.asSlice(0, Xsave.MXCSR).fill((byte) 0);
            area.asSlice(Xsave.MXCSR_END, Xsave.XMM - Xsave.MXCSR_END).fill((byte) 0);
            area.set(JAVA_SHORT, Xsave.FCW, Xsave.INITIAL_FCW);
        }
        if ((components & Xsave.SSE) == 0) {
            area.asSlice(Xsave.XMM, Xsave.XMM_END - Xsave.XMM).fill((byte) 0);
            if ((components & AVX) == 0) {
                area.set(JAVA_INT, Xsave.MXCSR, Xsave.INITIAL_MXCSR);
            }
        }
        area.set(JAVA_LONG, Xsave.XSTATE_BV, components | Xsave.X87 | Xsave.SSE);
    }

    private void transfer(int request, int tid) {
        tracer.registerSet(request, tid, Ptrace.NT_X86_XSTATE, area, area.byteSize());
    }
}
