/**
 * /sys: the processors and the memory of the machine, as programs ask for them to decide how many
 * threads to start and how to lay out their memory. There are no devices.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.sysfs.SysFs}, {@link
 * dev.plinth.kernel.fs.sysfs.MachineView} (what is shown), {@link
 * dev.plinth.kernel.fs.sysfs.ProcessorCache}, {@code ProcessorFiles}, {@code MachineFiles}.
 *
 * <p>No locks. Imports {@code pseudofs} and {@code vfs}.
 */
package dev.plinth.kernel.fs.sysfs;
