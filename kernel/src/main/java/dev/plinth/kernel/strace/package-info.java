/**
 * System calls as text, in the manner of strace(1).
 *
 * <p>In reading order: {@link dev.plinth.kernel.strace.Strace} (a line for each call) with {@code
 * TraceLines} (in the order of things, however many tasks there are), {@link
 * dev.plinth.kernel.strace.Formats} (how the common kinds of argument are shown), {@link
 * dev.plinth.kernel.strace.FlagFormat} and {@link dev.plinth.kernel.strace.NameFormat} (numbers
 * that have names), {@link dev.plinth.kernel.strace.StructFormats} (what arguments point to); then,
 * a class for each family of calls, {@link dev.plinth.kernel.strace.FileFormats}, {@link
 * dev.plinth.kernel.strace.StatFormats}, {@link dev.plinth.kernel.strace.DescriptorFormats}, {@link
 * dev.plinth.kernel.strace.PollFormats}, {@link dev.plinth.kernel.strace.SignalFormats}, {@link
 * dev.plinth.kernel.strace.ProcessFormats}, {@link dev.plinth.kernel.strace.SystemFormats}.
 *
 * <p>A line is written once its call is over, with what the call filled in; what it changed in its
 * arguments is behind the result. Every format reads guest memory within fixed bounds, and shows
 * the address of what it cannot read. The lock of {@code TraceLines} is a leaf. Imports {@code
 * syscall}, {@code task}, {@code signal}, {@code net}, {@code vfs.linux} and {@code errno}.
 */
package dev.plinth.kernel.strace;
