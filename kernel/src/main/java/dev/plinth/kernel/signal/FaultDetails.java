package dev.plinth.kernel.signal;

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
}
