package dev.plinth.kernel.futex;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.mm.GuestMemory;

/**
 * What FUTEX_WAKE_OP does to a word and compares it with, as one number says: {@code FUTEX_OP} of
 * linux/futex.h.
 *
 * @param operation bits 28 to 30
 * @param comparison bits 24 to 27
 * @param operand bits 12 to 23, signed, or the bit of that number
 * @param compared bits 0 to 11, signed
 */
public record WakeOperation(int operation, int comparison, int operand, int compared) {
    private static final int FUTEX_OP_SET = 0;
    private static final int FUTEX_OP_ADD = 1;
    private static final int FUTEX_OP_OR = 2;
    private static final int FUTEX_OP_ANDN = 3;
    private static final int FUTEX_OP_XOR = 4;

    private static final int FUTEX_OP_CMP_EQ = 0;
    private static final int FUTEX_OP_CMP_NE = 1;
    private static final int FUTEX_OP_CMP_LT = 2;
    private static final int FUTEX_OP_CMP_LE = 3;
    private static final int FUTEX_OP_CMP_GT = 4;
    private static final int FUTEX_OP_CMP_GE = 5;

    /** The operand is the number of a bit: {@code FUTEX_OP_OPARG_SHIFT}, in bit 31. */
    private static final int OPERAND_IS_SHIFT = 1 << 31;

    /** Takes the number apart. */
    public static WakeOperation of(int encoded) {
        int operand = encoded << 8 >> 20;
        return new WakeOperation(
                encoded >>> 28 & 7,
                encoded >>> 24 & 15,
                (encoded & OPERAND_IS_SHIFT) != 0 ? 1 << (operand & 31) : operand,
                encoded << 20 >> 20);
    }

    /**
     * Changes a word.
     *
     * @return whether the word was before as it is compared with
     * @throws ErrnoException ENOSYS for what there is not; EFAULT
     */
    boolean apply(GuestMemory memory, long address) {
        int before = memory.readIntAtomically(address);
        while (true) {
            int found = memory.compareAndExchangeInt(address, before, changed(before));
            if (found == before) {
                return holds(before);
            }
            before = found;
        }
    }

    private int changed(int value) {
        return switch (operation) {
            case FUTEX_OP_SET -> operand;
            case FUTEX_OP_ADD -> value + operand;
            case FUTEX_OP_OR -> value | operand;
            case FUTEX_OP_ANDN -> value & ~operand;
            case FUTEX_OP_XOR -> value ^ operand;
            default -> throw ErrnoException.of(Errno.ENOSYS);
        };
    }

    private boolean holds(int value) {
        return switch (comparison) {
            case FUTEX_OP_CMP_EQ -> value == compared;
            case FUTEX_OP_CMP_NE -> value != compared;
            case FUTEX_OP_CMP_LT -> value < compared;
            case FUTEX_OP_CMP_LE -> value <= compared;
            case FUTEX_OP_CMP_GT -> value > compared;
            case FUTEX_OP_CMP_GE -> value >= compared;
            default -> throw ErrnoException.of(Errno.ENOSYS);
        };
    }
}
