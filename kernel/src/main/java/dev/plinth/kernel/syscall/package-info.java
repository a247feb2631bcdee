/**
 * The system call table and the way into it.
 *
 * <p>In reading order: {@link dev.plinth.kernel.syscall.SyscallRow} (a line of the table: data that
 * read as prose), {@link dev.plinth.kernel.syscall.SyscallFamily} (who contributes lines), {@link
 * dev.plinth.kernel.syscall.SyscallTable}, {@link dev.plinth.kernel.syscall.SyscallHandler} with
 * {@link dev.plinth.kernel.syscall.SyscallArguments}, {@link
 * dev.plinth.kernel.syscall.SyscallDispatcher}; for traces {@link
 * dev.plinth.kernel.syscall.SyscallTracer}, {@link dev.plinth.kernel.syscall.ArgumentFormat} and
 * {@link dev.plinth.kernel.syscall.ResultFormat}.
 *
 * <p>The rows and handlers themselves are in {@code syscall.linux}. No locks. Imports {@code task}
 * and {@code errno}.
 */
package dev.plinth.kernel.syscall;
