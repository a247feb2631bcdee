/** Names and numbers of ELF: {@link dev.plinth.kernel.loader.linux.Elf}. */
package dev.plinth.kernel.loader.linux;
