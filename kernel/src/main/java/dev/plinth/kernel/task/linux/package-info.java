/**
 * Names and numbers of Linux' interface to processes on x86-64, as programs use them: one class for
 * each header, the names as in the header.
 *
 * <p>{@link dev.plinth.kernel.task.linux.Sched}, {@link dev.plinth.kernel.task.linux.Wait}.
 * Constants only; may be imported by everything; imports nothing of Plinth.
 */
package dev.plinth.kernel.task.linux;
