package dev.plinth.api.platform;

/**
 * What not every platform can do.
 *
 * <p>A platform that lacks a feature leaves it out of its {@link PlatformCapabilities} and refuses
 * to use it with an {@link UnsupportedCapabilityException}; the contract tests assert both.
 */
public enum PlatformFeature {
    /** Guest code is x86-64 machine code, all of it. */
    NATIVE_CODE,

    /**
     * The trap flag in the guest's flags register raises SIGTRAP after each instruction. Without
     * it, {@link ExecutionContext#run} refuses registers in which the flag is set.
     */
    SINGLE_STEP,

    /**
     * Vector state can be read and written. Without it, {@link ExecutionContext#readVectorState}
     * and {@link ExecutionContext#writeVectorState} refuse.
     */
    VECTOR_STATE,

    /**
     * Several contexts run at once in one address space. Without it, {@link ExecutionContext#run}
     * refuses a second one.
     */
    SHARED_ADDRESS_SPACE
}
