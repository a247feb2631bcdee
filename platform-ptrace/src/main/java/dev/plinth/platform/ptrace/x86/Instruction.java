package dev.plinth.platform.ptrace.x86;

import static java.util.Objects.requireNonNull;

/**
 * One instruction, as far as its accesses to memory go.
 *
 * @param kind how much the decoder knows of it
 * @param length in bytes; zero if it is not known
 * @param effect what it does to memory
 */
public record Instruction(Kind kind, int length, Effect effect) {
    /** How much is known of an instruction. */
    public enum Kind {
        /** All. */
        KNOWN,
        /** The bytes end before the instruction does. */
        TRUNCATED,
        /** Nothing: the processor may know it or not. */
        UNKNOWN
    }

    /** What an instruction does to memory, beyond reading its own bytes. */
    public enum Effect {
        /** It reads its operands, if it has any in memory. */
        READS,
        /** It writes its operand, or reads, changes and writes it. */
        WRITES,
        /** It writes below the stack pointer, and reads its operand, if it has one in memory. */
        PUSHES,
        /** It reads at the stack pointer, and writes its operand. */
        POPS_TO_MEMORY,
        /** It reads at rsi and writes at rdi. */
        COPIES_STRING
    }

    static final Instruction TRUNCATED = new Instruction(Kind.TRUNCATED, 0, Effect.READS);
    static final Instruction UNKNOWN = new Instruction(Kind.UNKNOWN, 0, Effect.READS);

    public Instruction {
        requireNonNull(kind, "kind is null");
        requireNonNull(effect, "effect is null");
    }
}
