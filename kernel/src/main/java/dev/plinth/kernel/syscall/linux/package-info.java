/**
 * The system calls of Linux on x86-64: a file for each family, with the rows of the table and the
 * handlers that the rows name.
 *
 * <p>In reading order: {@link dev.plinth.kernel.syscall.linux.LinuxSyscalls} (all families
 * together, and the table made of them), then any family; {@code SyscallNames} mirrors
 * asm/unistd_64.h.
 *
 * <p>A handler does, in this order: take the arguments in the width of the prototype, check numbers
 * and flags, find the object, act, copy results out. Structure layouts stand beside their handler
 * with the header that they mirror. No state and no locks.
 */
package dev.plinth.kernel.syscall.linux;
