/**
 * Numbers and offsets of Linux on x86-64 that the ptrace platform needs, named as in the headers
 * that they mirror (Linux 6.18; none of them has changed since it was introduced).
 *
 * <p>In reading order: {@link dev.plinth.platform.ptrace.linux.SystemCalls}, {@link
 * dev.plinth.platform.ptrace.linux.Ptrace}, {@link dev.plinth.platform.ptrace.linux.WaitStatus},
 * {@link dev.plinth.platform.ptrace.linux.UserRegs}, {@link
 * dev.plinth.platform.ptrace.linux.SigInfo}, {@link dev.plinth.platform.ptrace.linux.Xsave}, {@link
 * dev.plinth.platform.ptrace.linux.Seccomp}, and the rest by header.
 *
 * <p>No state, no locks; imports nothing.
 */
package dev.plinth.platform.ptrace.linux;
