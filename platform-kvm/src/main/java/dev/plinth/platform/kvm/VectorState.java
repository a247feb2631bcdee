package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.platform.kvm.linux.Xsave;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The vector state of a context: in its vCPU, or, while it has none or was given another state, in
 * memory here.
 *
 * <p>Confined to whoever may use the context's vCPU.
 */
final class VectorState {
    private static final int ALIGNMENT = 64;

    private final CpuFeatures cpu;
    private final int mxcsrMask;
    private final MemorySegment area;

    /** Whether the vCPU has it, and {@link #area} is out of date. */
    private boolean inVcpu;

    /**
     * The state of a new program.
     *
     * @param mxcsrMask which bits of MXCSR the processor has
     */
    VectorState(CpuFeatures cpu, int mxcsrMask) {
        this.cpu = cpu;
        this.mxcsrMask = mxcsrMask;
        area = Arena.ofAuto().allocate(Xsave.KVM_XSAVE_BYTES, ALIGNMENT);
        area.set(JAVA_LONG, Xsave.XSTATE_BV, Xsave.X87 | Xsave.SSE);
        setInitialX87(area);
        setInitialSse(area);
    }

    private static void setInitialX87(MemorySegment area) {
        area.asSlice(0, Xsave.MXCSR).fill((byte) 0);
        area.asSlice(Xsave.MXCSR_END, Xsave.XMM - Xsave.MXCSR_END).fill((byte) 0);
        area.set(JAVA_SHORT, Xsave.FCW, Xsave.INITIAL_FCW);
    }

    private static void setInitialSse(MemorySegment area) {
        area.asSlice(Xsave.XMM, Xsave.XMM_END - Xsave.XMM).fill((byte) 0);
        area.set(JAVA_INT, Xsave.MXCSR, Xsave.INITIAL_MXCSR);
    }

    /** Gives it to the vCPU that is about to execute, if that has not got it. */
    void load(GuestCpu vcpu) {
        if (!inVcpu) {
            vcpu.setVectorState(area);
            inVcpu = true;
        }
    }

    /** Takes it from a vCPU that the context loses. */
    void save(GuestCpu vcpu) {
        if (inVcpu) {
            vcpu.getVectorState(area);
            inVcpu = false;
        }
    }

    /** Brings the area up to date, from the context's vCPU. */
    MemorySegment refresh(GuestCpu vcpu) {
        if (inVcpu) {
            vcpu.getVectorState(area);
        }
        return area;
    }

    /** Copies the area out, as {@code ExecutionContext} wants it. */
    void read(MemorySegment destination) {
        int bytes = cpu.vectorStateBytes();
        MemorySegment.copy(area, 0, destination, 0, bytes);
        // The host's notes to itself about the area are not part of it.
        destination.asSlice(Xsave.SOFTWARE, Xsave.HEADER - Xsave.SOFTWARE).fill((byte) 0);
    }

    /**
     * Replaces it.
     *
     * @throws IllegalArgumentException if the processor would refuse the area
     */
    void write(MemorySegment source) {
        check(source);
        area.fill((byte) 0);
        MemorySegment.copy(source, 0, area, 0, cpu.vectorStateBytes());
        // Kernels differ in what they take for initial where the header leaves a component out.
        long components = area.get(JAVA_LONG, Xsave.XSTATE_BV);
        if ((components & Xsave.X87) == 0) {
            setInitialX87(area);
        }
        if ((components & Xsave.SSE) == 0) {
            area.asSlice(Xsave.XMM, Xsave.XMM_END - Xsave.XMM).fill((byte) 0);
            if ((components & Xsave.AVX) == 0) {
                area.set(JAVA_INT, Xsave.MXCSR, Xsave.INITIAL_MXCSR);
            }
        }
        area.set(JAVA_LONG, Xsave.XSTATE_BV, components | Xsave.X87 | Xsave.SSE);
        inVcpu = false;
    }

    private void check(MemorySegment source) {
        long surplus = source.get(JAVA_LONG, Xsave.XSTATE_BV) & ~cpu.xcr0();
        if (surplus != 0) {
            throw new IllegalArgumentException(
                    "vector state has components that the processor has not: 0x"
                            + Long.toHexString(surplus));
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
}
