package dev.plinth.testkit.mock;

import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import java.util.Optional;

/** What a context does with code that stands for no program. */
@FunctionalInterface
interface InstructionSet {
    /** Knows no instruction. */
    InstructionSet EMPTY = (registers, space) -> Optional.of(Traps.undefined(registers.rip()));

    /**
     * Executes the instruction at the instruction pointer.
     *
     * @return empty if the guest goes on at the instruction pointer, else why not
     */
    Optional<Trap> execute(Registers registers, MockAddressSpace space);
}
