/**
 * Which descriptor number a sandbox process gets for what: {@link dev.plinth.api.layout.FdRole},
 * {@link dev.plinth.api.layout.FdMapping}, {@link dev.plinth.api.layout.FdLayout}.
 *
 * <p>A sandbox receives its descriptors from its launcher, stdio ahead of everything that differs
 * between platforms, so that no platform, flag or number of devices can move stdio. Kernel objects
 * name a descriptor by its role; numbers are never saved. Values only; may be imported by
 * everything; imports nothing of Plinth.
 */
package dev.plinth.api.layout;
