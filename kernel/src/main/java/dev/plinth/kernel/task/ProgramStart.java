package dev.plinth.kernel.task;

import dev.plinth.api.platform.Registers;

/**
 * Where a program begins: what execve(2) leaves in the registers.
 *
 * @param entry address of the first instruction
 * @param stackPointer with the argument count on top
 */
public record ProgramStart(long entry, long stackPointer) {
    /** Bit 1 is always set, and interrupts are on: what a program finds in its flags. */
    private static final long INITIAL_FLAGS = 0x202;

    /** Sets the registers of a program that begins: all zero but these. */
    void applyTo(Registers registers) {
        registers.segment().fill((byte) 0);
        registers.setRip(entry);
        registers.setRsp(stackPointer);
        registers.setEflags(INITIAL_FLAGS);
    }
}
