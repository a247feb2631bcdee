/**
 * How a guest's call fails: {@link dev.plinth.kernel.errno.ErrnoException}, and {@link
 * dev.plinth.kernel.errno.HostErrors}, the one place where an error of the host becomes one of the
 * guest.
 *
 * <p>At the bottom of the kernel: everything may import it; it imports {@code dev.plinth.api} only.
 */
package dev.plinth.kernel.errno;
