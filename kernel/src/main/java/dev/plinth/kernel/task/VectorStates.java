package dev.plinth.kernel.task;

import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** Takes the vector state of one execution context to another, or makes it that of a program. */
final class VectorStates {
    /** XSAVE areas are aligned to this. */
    private static final long ALIGNMENT = 64;

    /** Where XSTATE_BV stands in an XSAVE area: which components are not in their initial state. */
    static final long XSTATE_BV = 512;

    /** Where MXCSR stands in an XSAVE area: a processor loads it even for initial state. */
    private static final long MXCSR = 24;

    private static final int INITIAL_MXCSR = 0x1f80;

    private VectorStates() {}

    /** The vector state of a context, or nothing if the platform keeps none. */
    static byte[] read(PlatformCapabilities capabilities, ExecutionContext context) {
        int size = size(capabilities);
        if (size == 0) {
            return new byte[0];
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment area = arena.allocate(size, ALIGNMENT);
            context.readVectorState(area);
            return area.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Gives a context what was read from another. */
    static void write(ExecutionContext context, byte[] state) {
        if (state.length > 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment area = arena.allocate(state.length, ALIGNMENT);
                area.copyFrom(MemorySegment.ofArray(state));
                context.writeVectorState(area);
            }
        }
    }

    /**
     * What was read from a context of another platform, for one of this.
     *
     * @throws IllegalArgumentException if it has more than this platform knows
     */
    static byte[] fit(PlatformCapabilities capabilities, byte[] state) {
        int size = size(capabilities);
        if (state.length > size) {
            throw new IllegalArgumentException(
                    "%d bytes where %d are known".formatted(state.length, size));
        }
        return state.length == 0 ? state : Arrays.copyOf(state, size);
    }

    /** Gives a context what a program finds when it begins. */
    static void reset(PlatformCapabilities capabilities, ExecutionContext context) {
        byte[] state = new byte[size(capabilities)];
        if (state.length > 0) {
            MemorySegment.ofArray(state).set(ValueLayout.JAVA_INT_UNALIGNED, MXCSR, INITIAL_MXCSR);
            write(context, state);
        }
    }

    private static int size(PlatformCapabilities capabilities) {
        CpuFeatures cpu = capabilities.cpu();
        return capabilities.has(PlatformFeature.VECTOR_STATE) ? cpu.vectorStateBytes() : 0;
    }
}
