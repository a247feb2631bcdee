/**
 * System calls as text, in the manner of strace(1).
 *
 * <p>In reading order: {@link dev.plinth.kernel.strace.Strace} (a line for each call), {@link
 * dev.plinth.kernel.strace.Formats} (how arguments are shown), {@link
 * dev.plinth.kernel.strace.FlagFormat} and {@link dev.plinth.kernel.strace.NameFormat} (numbers
 * that have names), {@link dev.plinth.kernel.strace.StructFormats} (what arguments point to).
 *
 * <p>A line is written once its call is over, with what the call filled in. No locks. Imports
 * {@code syscall}, {@code task} and {@code errno}.
 */
package dev.plinth.kernel.strace;
