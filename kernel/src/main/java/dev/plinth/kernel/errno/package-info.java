/**
 * How a guest's call ends other than with a value: {@link dev.plinth.kernel.errno.ErrnoException}
 * (it fails), {@link dev.plinth.kernel.errno.RestartException} and {@link
 * dev.plinth.kernel.errno.Restart} (a signal broke it off), and {@link
 * dev.plinth.kernel.errno.HostErrors}, the one place where an error of the host becomes one of the
 * guest.
 *
 * <p>At the bottom of the kernel: everything may import it; it imports {@code dev.plinth.api} only.
 */
package dev.plinth.kernel.errno;
