/**
 * The devices of the sandbox and the directory that shows them: {@link
 * dev.plinth.kernel.fs.devfs.DevFs} (makes /dev), {@code MemoryDevice} (null, zero, full), {@code
 * RandomDevice}.
 *
 * <p>/dev is a tmpfs; devices are numbers that the device registry of {@code vfs} knows. No locks.
 * Imports {@code api}, {@code errno}, {@code io}, {@code memory}, {@code mm}, {@code time}, {@code
 * vfs}, {@code fd} and {@code fs.tmpfs}.
 */
package dev.plinth.kernel.fs.devfs;
