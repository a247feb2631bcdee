/**
 * Names and numbers of Linux's file interface on x86-64, as programs and the host use them: one
 * class for each header, the names as in the header.
 *
 * <p>{@link dev.plinth.kernel.vfs.linux.Fcntl}, {@link dev.plinth.kernel.vfs.linux.Stat}, {@link
 * dev.plinth.kernel.vfs.linux.Poll}, {@link dev.plinth.kernel.vfs.linux.Fs}. Constants only; may be
 * imported by everything; imports nothing of Plinth.
 */
package dev.plinth.kernel.vfs.linux;
