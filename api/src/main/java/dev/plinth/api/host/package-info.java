/**
 * The one seam to the host's Linux.
 *
 * <p>In reading order: {@link dev.plinth.api.host.HostKernel} (raw calls, and the few things that a
 * raw call cannot do from a JVM), {@link dev.plinth.api.host.HostFd} and {@link
 * dev.plinth.api.host.HostMemory} (what it hands out, each with one owner), {@link
 * dev.plinth.api.host.SpawnRequest}, {@link dev.plinth.api.host.HostCallException}.
 *
 * <p>The kernel implements the seam once. A platform receives it in its {@link
 * dev.plinth.api.platform.PlatformContext} and needs no native binding of its own, so that a unit
 * test can put a mock in the place of Linux. System call numbers, structure offsets and ioctl
 * numbers belong to the caller, in a package named {@code …linux}.
 */
package dev.plinth.api.host;
