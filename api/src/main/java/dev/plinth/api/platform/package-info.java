/**
 * The interfaces that a platform implements.
 *
 * <p>In reading order: {@link dev.plinth.api.platform.PlatformFactory} (found by PF4J; says what
 * the platform needs and whether it is usable here), {@link
 * dev.plinth.api.platform.PlatformContext} (what the kernel gives it), {@link
 * dev.plinth.api.platform.Platform}, {@link dev.plinth.api.platform.AddressSpace}, {@link
 * dev.plinth.api.platform.ExecutionContext} with {@link dev.plinth.api.platform.Registers}, and
 * {@link dev.plinth.api.platform.Trap}, what comes back.
 *
 * <p><b>Life.</b> A factory is stateless and may be made any number of times. One {@code Platform}
 * serves one sandbox. The kernel opens an address space for each guest process and an execution
 * context for each guest thread, and closes all of them before it closes the platform.
 *
 * <p><b>Threads.</b> A guest thread is one Java platform thread for life; it makes its context, is
 * alone in running it, and closes it. Address spaces are shared by those threads. {@link
 * dev.plinth.api.platform.ExecutionContext#interrupt} is called from anywhere.
 *
 * <p><b>Locks.</b> The kernel may hold a lock of its own while it calls {@code map}, {@code
 * protect} or {@code unmap}, so a platform never waits in them for a guest thread that is not
 * executing guest instructions.
 *
 * <p><b>Errors.</b> What a guest does is never an exception: it is a {@code Trap}. A refusal by the
 * host is a {@link dev.plinth.api.host.HostCallException}; a capability that the platform lacks an
 * {@link dev.plinth.api.platform.UnsupportedCapabilityException}; a call that breaks a precondition
 * an {@link java.lang.IllegalArgumentException} or {@link java.lang.IllegalStateException}.
 *
 * <p>The contract tests of the test kit check all of this on a platform.
 */
package dev.plinth.api.platform;
