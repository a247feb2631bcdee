package dev.plinth.kernel.loader;

/**
 * A program that is in memory.
 *
 * @param entry of the program, or of its interpreter: the first instruction
 * @param stackPointer where the argument count is
 */
public record LoadedProgram(long entry, long stackPointer) {}
