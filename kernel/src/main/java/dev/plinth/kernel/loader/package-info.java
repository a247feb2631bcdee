/**
 * Loads programs: ELF executables with their interpreter, and the first line of scripts. Linux'
 * fs/binfmt_elf.c and fs/binfmt_script.c.
 *
 * <p>In reading order: {@link dev.plinth.kernel.loader.ExecutableFile} (what is loaded, declared
 * here and implemented over {@code vfs}), {@link dev.plinth.kernel.loader.ScriptLine}, {@link
 * dev.plinth.kernel.loader.ElfFile} (headers, checked), {@link dev.plinth.kernel.loader.ElfLoader}
 * (into a new address space), {@link dev.plinth.kernel.loader.InitialStack} with {@link
 * dev.plinth.kernel.loader.ProgramArguments} and {@link dev.plinth.kernel.loader.AuxiliaryVector},
 * {@link dev.plinth.kernel.loader.LoadedProgram}.
 *
 * <p>A program is hostile input: headers are copied once, their lengths capped before anything is
 * allocated, and every number is checked as Linux checks it, with its errno. What Linux finds wrong
 * only after it has given up the old program, and then kills the process for, is an errno here too.
 *
 * <p>{@code loader.vdso} has what every program finds in memory besides itself.
 *
 * <p>No locks. Imports {@code loader.vdso}, {@code mm}, {@code errno} and {@code api}.
 */
package dev.plinth.kernel.loader;
