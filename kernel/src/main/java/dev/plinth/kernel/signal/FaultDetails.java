package dev.plinth.kernel.signal;

import dev.plinth.kernel.state.proto.FaultDetailsState;

/**
 * What a handler finds in its context about the exception that raised the signal.
 *
 * @param trapNumber of the exception, such as 14 for a page fault
 * @param error code of the exception
 * @param address of a page fault
 */
public record FaultDetails(long trapNumber, long error, long address) {
    /** No exception raised the signal. */
    public static final FaultDetails NONE = new FaultDetails(0, 0, 0);

    /** Exception 14. */
    private static final long PAGE_FAULT = 14;

    private static final long ERROR_PRESENT = 1;
    private static final long ERROR_WRITE = 2;
    private static final long ERROR_USER = 4;
    private static final long ERROR_INSTRUCTION = 16;

    /**
     * A page fault.
     *
     * @param mapped whether something was mapped, for another access
     */
    public static FaultDetails pageFault(
            long address, boolean mapped, boolean write, boolean execute) {
        long error =
                ERROR_USER
                        | (mapped ? ERROR_PRESENT : 0)
                        | (write ? ERROR_WRITE : 0)
                        | (execute ? ERROR_INSTRUCTION : 0);
        return new FaultDetails(PAGE_FAULT, error, address);
    }

    /** Details that were saved. */
    public static FaultDetails restore(FaultDetailsState state) {
        return new FaultDetails(state.getTrap(), state.getError(), state.getAddress());
    }

    /** What is saved of them. */
    public FaultDetailsState save() {
        return FaultDetailsState.newBuilder()
                .setTrap(trapNumber)
                .setError(error)
                .setAddress(address)
                .build();
    }
}
