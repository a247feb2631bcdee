package dev.plinth.api.platform;

import java.lang.foreign.MemorySegment;

/**
 * Executes one guest thread.
 *
 * <p>All methods but {@link #interrupt} are called by the thread that made the context, and by no
 * other.
 */
public interface ExecutionContext extends AutoCloseable {
    /**
     * Executes guest instructions from the given registers until something needs the kernel.
     *
     * <p>On entry the registers are what the guest goes on with, whatever it stopped with before.
     * Of the flags only those that a user program can change are taken; the segment selectors and
     * {@link Registers#origRax()} are not taken at all. On return the registers are the guest's at
     * the trap, as {@link Trap} tells for each kind.
     *
     * <p>The address space may be another at each call. The vector state stays with the context.
     *
     * @param addressSpace of the same platform, open; borrowed
     * @param registers read and written; borrowed
     * @return why the guest stopped
     * @throws dev.plinth.api.host.HostCallException if the host refuses something; the guest thread
     *     cannot go on, others can
     * @throws UnsupportedCapabilityException as {@link PlatformFeature} says
     */
    Trap run(AddressSpace addressSpace, Registers registers);

    /**
     * Makes the {@code run} in progress return {@link Trap.Interrupted} soon, whatever the guest is
     * doing; with none in progress, the next one does so before it executes an instruction.
     *
     * <p>Called from any thread, at any time, also when the context is closed (to no effect). An
     * interrupt stays latched until a {@code run} has returned {@code Interrupted} for it; several
     * before that are one. A {@code run} that ends for another reason at the same moment keeps the
     * latch set.
     */
    void interrupt();

    /**
     * Reads the vector state: an XSAVE area in standard format.
     *
     * @param destination takes the first {@link CpuFeatures#vectorStateBytes()} bytes; native
     *     memory, aligned to 64 bytes
     * @throws UnsupportedCapabilityException without {@link PlatformFeature#VECTOR_STATE}
     */
    void readVectorState(MemorySegment destination);

    /**
     * Writes the vector state: an XSAVE area in standard format.
     *
     * <p>State components that {@code XSTATE_BV} leaves out are set to their initial values.
     *
     * @param source its first {@link CpuFeatures#vectorStateBytes()} bytes are taken; native
     *     memory, aligned to 64 bytes
     * @throws IllegalArgumentException if the processor would refuse the area: components outside
     *     {@code xcr0}, reserved bits of MXCSR or of the header; the state is then as before
     * @throws UnsupportedCapabilityException without {@link PlatformFeature#VECTOR_STATE}
     */
    void writeVectorState(MemorySegment source);

    /**
     * The CPU time that the guest's instructions took on threads of the host other than the one
     * that made the context, since it was made.
     *
     * <p>Called from any thread, while the context is open.
     *
     * @return nanoseconds; zero for a platform that runs the guest on the context's own thread
     */
    default long guestCpuNanos() {
        return 0;
    }

    /** Ends the context; doing so again is harmless. */
    @Override
    void close();
}
