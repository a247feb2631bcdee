package dev.plinth.platform.ptrace.stub;

/** Lays out machine code and data in a page, and resolves jumps. */
final class MachineCode {
    // Opcodes of short jumps.
    static final int JMP = 0xeb;
    static final int JE = 0x74;
    static final int JNE = 0x75;
    static final int JAE = 0x73;

    private final byte[] bytes;
    private int position;

    MachineCode(int size) {
        bytes = new byte[size];
    }

    /** The offset at which the next byte goes. */
    int position() {
        return position;
    }

    /** Moves on to the next multiple of a power of two. */
    void align(int alignment) {
        position = (position + alignment - 1) & -alignment;
    }

    /** Appends bytes, each given as an int for the sake of readable constants. */
    void emit(int... code) {
        for (int value : code) {
            bytes[position++] = (byte) value;
        }
    }

    /** Appends four bytes, the lowest first. */
    void emitInt(int value) {
        emit(value, value >> 8, value >> 16, value >> 24);
    }

    /** Appends eight bytes, the lowest first. */
    void emitLong(long value) {
        emitInt((int) value);
        emitInt((int) (value >> 32));
    }

    /**
     * Appends a short jump ({@code jmp}, {@code je}, &hellip;) whose target is not known yet.
     *
     * @return what {@link #bind(int, int)} needs
     */
    int jump(int opcode) {
        emit(opcode, 0);
        return position;
    }

    /** Lets a short jump go to an offset. */
    void bind(int jump, int target) {
        int distance = target - jump;
        if (distance != (byte) distance) {
            throw new IllegalStateException("jump too far: " + distance);
        }
        bytes[jump - 1] = (byte) distance;
    }

    /**
     * Appends a jump back to an offset, in its short form where that reaches, else in its near one.
     */
    void jumpBack(int opcode, int target) {
        int distance = target - (position + 2);
        if (distance == (byte) distance) {
            emit(opcode, distance);
        } else if (opcode == JMP) {
            emit(0xe9);
            emitInt(target - (position + 4));
        } else {
            emit(0x0f, opcode + 0x10);
            emitInt(target - (position + 4));
        }
    }

    byte[] bytes() {
        return bytes;
    }
}
