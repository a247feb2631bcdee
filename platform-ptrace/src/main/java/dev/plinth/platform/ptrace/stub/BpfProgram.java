package dev.plinth.platform.ptrace.stub;

import dev.plinth.platform.ptrace.linux.Seccomp;

import java.util.Arrays;

/**
 * Builds a classic BPF program; mirrors {@code struct sock_filter} of {@code linux/filter.h}.
 *
 * <p>Jumps go forward, to labels that are placed later; a jump that is not taken falls through.
 */
final class BpfProgram {
    private static final int MAX_INSTRUCTIONS = 96;
    private static final int MAX_LABELS = 32;

    private final long[] instructions = new long[MAX_INSTRUCTIONS];

    /** For each instruction the label that it jumps to, plus one; zero for none. */
    private final int[] targets = new int[MAX_INSTRUCTIONS];

    private final int[] places = new int[MAX_LABELS];
    private int length;
    private int labels;

    int newLabel() {
        return labels++;
    }

    void place(int label) {
        places[label] = length;
    }

    /** Loads a 32-bit word of {@code struct seccomp_data}. */
    void load(int offset) {
        append(Seccomp.BPF_LOAD, offset, 0);
    }

    void jumpIfEqual(int value, int label) {
        append(Seccomp.BPF_JUMP_IF_EQUAL, value, label + 1);
    }

    void jumpIfNotBelow(int value, int label) {
        append(Seccomp.BPF_JUMP_IF_NOT_BELOW, value, label + 1);
    }

    void ret(int action) {
        append(Seccomp.BPF_RETURN, action, 0);
    }

    /** The program: per instruction code, jump if true, jump if false, and the operand. */
    long[] instructions() {
        for (int i = 0; i < length; i++) {
            if (targets[i] != 0) {
                int distance = places[targets[i] - 1] - (i + 1);
                if (distance < 0 || distance > 255) {
                    throw new IllegalStateException("jump out of range: " + distance);
                }
                instructions[i] |= (long) distance << 16;
            }
        }
        return Arrays.copyOf(instructions, length);
    }

    private void append(int code, int operand, int target) {
        instructions[length] = code | (long) operand << 32;
        targets[length] = target;
        length++;
    }
}
