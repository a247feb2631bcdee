package dev.plinth.api.platform;

/**
 * Executes the programs of one sandbox.
 *
 * <p>Any thread may call any method.
 */
public interface Platform extends AutoCloseable {
    /** What the platform can do; the same as long as it lives. */
    PlatformCapabilities capabilities();

    /**
     * Makes an address space with nothing mapped.
     *
     * @return the address space; the caller owns it
     * @throws dev.plinth.api.host.HostCallException if the host refuses
     */
    AddressSpace newAddressSpace();

    /**
     * Makes an execution context for the calling thread.
     *
     * <p>Its vector state is what Linux gives a fresh program: every register zero but the x87
     * control word (0x37f) and MXCSR (0x1f80).
     *
     * @return the context; the calling thread owns it
     * @throws dev.plinth.api.host.HostCallException if the host refuses, such as for a limit on
     *     threads or descriptors; the platform is as before
     */
    ExecutionContext newContext();

    /**
     * Ends the platform and everything that it started on the host.
     *
     * <p>Precondition: its address spaces and contexts are closed. Doing so again is harmless.
     */
    @Override
    void close();
}
