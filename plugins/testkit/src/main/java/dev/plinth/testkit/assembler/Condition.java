package dev.plinth.testkit.assembler;

/** What a conditional jump asks of the flags. */
public enum Condition {
    OVERFLOW(0),
    NOT_OVERFLOW(1),
    BELOW(2),
    ABOVE_OR_EQUAL(3),
    EQUAL(4),
    NOT_EQUAL(5),
    BELOW_OR_EQUAL(6),
    ABOVE(7),
    SIGN(8),
    NOT_SIGN(9),
    PARITY(10),
    NOT_PARITY(11),
    LESS(12),
    GREATER_OR_EQUAL(13),
    LESS_OR_EQUAL(14),
    GREATER(15);

    private final int number;

    Condition(int number) {
        this.number = number;
    }

    /** The four bits that lie in the opcode. */
    int number() {
        return number;
    }
}
