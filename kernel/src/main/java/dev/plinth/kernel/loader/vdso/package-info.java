/**
 * The vDSO: a small ELF library in every process, with which programs read the time without a
 * system call; see vdso(7). It is Plinth's own from the first byte to the last, so that a program
 * holds nothing of the host's.
 *
 * <p>In reading order: {@link dev.plinth.kernel.loader.vdso.Vdso} (what a sandbox has, and where a
 * process has it), {@code VdsoCode} (the functions, in machine code), {@code VdsoImage} (the ELF
 * file around them), {@code ClockPage} (what they read, written by the kernel), {@code ClockKeeper}
 * (the thread that keeps it right), {@code ClockRate} (from what it measured to what it writes),
 * {@code GuestCounter} (whether guests see the counter that the kernel measures), {@code
 * KernelPage} (a page of memory as a mapped file).
 *
 * <p>Until programs have asked for the time often, and wherever the processor's counter cannot be
 * trusted, the functions make the system call: they are slow then, never wrong.
 *
 * <p>Lock order: {@code ClockKeeper}'s lock is a leaf, and not held while the page is written.
 * Imports {@code mm}, {@code memory}, {@code state}, {@code time}, {@code loader.linux} and {@code
 * api}.
 */
package dev.plinth.kernel.loader.vdso;
