package dev.plinth.kernel.syscall;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.Registers;

/**
 * The six arguments of a system call, as they stand in a task's registers.
 *
 * <p>Each handler takes an argument in the width that the C prototype of the call has: the upper
 * half of a register that holds an {@code int} is not the program's business.
 */
public final class SyscallArguments {
    /** How many arguments a call can have. */
    public static final int COUNT = 6;

    private final Registers registers;

    /** The arguments in the given registers, as they are when they are asked for. */
    public SyscallArguments(Registers registers) {
        this.registers = requireNonNull(registers, "registers is null");
    }

    /**
     * An argument in full width: an address, a length, an offset.
     *
     * @param index 0 to 5
     */
    public long longAt(int index) {
        return switch (index) {
            case 0 -> registers.rdi();
            case 1 -> registers.rsi();
            case 2 -> registers.rdx();
            case 3 -> registers.r10();
            case 4 -> registers.r8();
            case 5 -> registers.r9();
            default -> throw new IndexOutOfBoundsException(index);
        };
    }

    /**
     * An argument that is an {@code int}: a descriptor, flags, a signal number.
     *
     * @param index 0 to 5
     */
    public int intAt(int index) {
        return (int) longAt(index);
    }
}
