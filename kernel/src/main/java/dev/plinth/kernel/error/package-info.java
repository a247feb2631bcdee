/**
 * Errors for the user of a sandbox: {@link dev.plinth.kernel.error.SandboxException} with its
 * {@link dev.plinth.kernel.error.ErrorCode}.
 *
 * <p>What a guest program sees is an {@link dev.plinth.kernel.errno.ErrnoException}; what the host
 * refused a {@link dev.plinth.api.host.HostCallException}. Everything may import this package; it
 * imports nothing of Plinth.
 */
package dev.plinth.kernel.error;
