/**
 * Descriptors: {@link dev.plinth.kernel.fd.FdTable} (a process's numbers and what they stand for),
 * {@link dev.plinth.kernel.fd.HostFiles} (descriptors of the host become open files of the
 * sandbox), {@link dev.plinth.kernel.fd.HostFileDescription} with {@code HostStream} (never blocks)
 * and {@code TerminalIoctl} (what a guest may ask of the host's terminal), {@code HostInode};
 * {@code RestoredHostFiles} (other descriptors take the roles of those that were saved).
 *
 * <p>Descriptors of the host are known by role, never by number. One that was closed outside is
 * absent inside. A file keeps its number in the sandbox when another one is given by its roles.
 *
 * <p>Lock order: a table's lock is held for moments only, and no other lock is taken under it;
 * files are closed outside of it. Imports {@code api}, {@code errno}, {@code io}, {@code state},
 * {@code vfs} and {@code fs.hostfs}.
 */
package dev.plinth.kernel.fd;
