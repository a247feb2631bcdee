package dev.plinth.example.emulator;

import dev.plinth.api.platform.Registers;

/** The flags register: what arithmetic leaves in it, and what conditional jumps find there. */
final class Flags {
    static final long TRAP = 0x100;

    private static final long CARRY = 0x1;
    private static final long PARITY = 0x4;
    private static final long ADJUST = 0x10;
    private static final long ZERO = 0x40;
    private static final long SIGN = 0x80;
    private static final long DIRECTION = 0x400;
    private static final long OVERFLOW = 0x800;
    private static final long ARITHMETIC = CARRY | PARITY | ADJUST | ZERO | SIGN | OVERFLOW;

    /** What a program can change by itself: arithmetic, direction, NT, RF, AC and ID. */
    private static final long OF_A_USER = ARITHMETIC | DIRECTION | 0x254000;

    /** Always set in a user program: interrupts are allowed, and bit 1 is one. */
    private static final long FIXED = 0x202;

    private Flags() {}

    /** Leaves only the flags that a user can have. */
    static void makeThoseOfAUser(Registers registers) {
        registers.setEflags((registers.eflags() & OF_A_USER) | FIXED);
    }

    static boolean carry(Registers registers) {
        return (registers.eflags() & CARRY) != 0;
    }

    static boolean direction(Registers registers) {
        return (registers.eflags() & DIRECTION) != 0;
    }

    /** Sets the flags of {@code result = left + right (+ carry)}, all of that width. */
    static void setOfSum(Registers registers, Width width, long left, long right, long result) {
        // A bit is carried out of the top where two of the three are set, with the result inverted.
        long carries = (left & right) | ((left | right) & ~result);
        long overflows = (left ^ result) & (right ^ result);
        set(registers, width, result, carries, overflows, left ^ right ^ result);
    }

    /** Sets the flags of {@code result = left - right (- borrow)}, all of that width. */
    static void setOfDifference(
            Registers registers, Width width, long left, long right, long result) {
        long borrows = (~left & right) | ((~left | right) & result);
        long overflows = (left ^ right) & (left ^ result);
        set(registers, width, result, borrows, overflows, left ^ right ^ result);
    }

    /** Sets the flags of a result of and, or, xor and test. */
    static void setOfLogic(Registers registers, Width width, long result) {
        set(registers, width, result, 0, 0, 0);
    }

    /** Sets the flags of a shift; each bit in the place of the sign bit. */
    static void setOfShift(
            Registers registers, Width width, long result, boolean carry, boolean overflow) {
        long sign = width.signBit();
        set(registers, width, result, carry ? sign : 0, overflow ? sign : 0, 0);
    }

    /** Puts the carry flag back to what it was, for inc and dec, which leave it alone. */
    static void restoreCarry(Registers registers, boolean carry) {
        registers.setEflags((registers.eflags() & ~CARRY) | (carry ? CARRY : 0));
    }

    /** Whether the condition of a jump holds, by its number in the opcode. */
    static boolean holds(int condition, Registers registers) {
        long flags = registers.eflags();
        boolean zero = (flags & ZERO) != 0;
        boolean less = ((flags & SIGN) != 0) != ((flags & OVERFLOW) != 0);
        boolean holds =
                switch (condition >> 1) {
                    case 0 -> (flags & OVERFLOW) != 0;
                    case 1 -> (flags & CARRY) != 0;
                    case 2 -> zero;
                    case 3 -> zero || (flags & CARRY) != 0;
                    case 4 -> (flags & SIGN) != 0;
                    case 5 -> (flags & PARITY) != 0;
                    case 6 -> less;
                    default -> zero || less;
                };
        // Odd numbers are the opposites.
        return holds != ((condition & 1) != 0);
    }

    private static void set(
            Registers registers,
            Width width,
            long result,
            long carries,
            long overflows,
            long adjusts) {
        long flags = registers.eflags() & ~ARITHMETIC;
        flags |= (carries & width.signBit()) != 0 ? CARRY : 0;
        flags |= (overflows & width.signBit()) != 0 ? OVERFLOW : 0;
        flags |= adjusts & ADJUST;
        flags |= (result & width.mask()) == 0 ? ZERO : 0;
        flags |= (result & width.signBit()) != 0 ? SIGN : 0;
        flags |= Long.bitCount(result & 0xff) % 2 == 0 ? PARITY : 0;
        registers.setEflags(flags);
    }
}
