package dev.plinth.kernel.loader.vdso;

import dev.plinth.kernel.state.NotSaved;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Lays out machine code and resolves jumps to labels. */
@NotSaved("used while the functions are made")
final class CodeWriter {
    // Opcodes of short jumps.
    static final int JMP = 0xeb;
    static final int JB = 0x72;
    static final int JAE = 0x73;
    static final int JZ = 0x74;
    static final int JNZ = 0x75;
    static final int JBE = 0x76;
    static final int JA = 0x77;

    private static final int CALL = 0xe8;

    private final byte[] bytes;
    private final List<Reference> references = new ArrayList<>();
    private int position;

    /** A place in the code that jumps go to; bound once. */
    @NotSaved("used while the functions are made")
    static final class Label {
        private int offset = -1;
    }

    /** A distance to be filled in: one byte or four, from the byte behind it. */
    private record Reference(int position, int size, Label target) {}

    CodeWriter(int capacity) {
        bytes = new byte[capacity];
    }

    /** The offset at which the next byte goes. */
    int position() {
        return position;
    }

    /** Moves on to the next multiple of a power of two; what is skipped traps. */
    void align(int alignment) {
        while (position % alignment != 0) {
            emit(0xcc);
        }
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

    /** Appends a short jump. */
    void jump(int opcode, Label target) {
        emit(opcode, 0);
        references.add(new Reference(position - 1, 1, target));
    }

    /** Appends a call. */
    void call(Label target) {
        emit(CALL);
        emitInt(0);
        references.add(new Reference(position - Integer.BYTES, Integer.BYTES, target));
    }

    /** Lets a label stand for the next byte. */
    void bind(Label label) {
        label.offset = position;
    }

    /** The code, with all its jumps. */
    byte[] finish() {
        for (Reference reference : references) {
            int end = reference.position + reference.size;
            int distance = reference.target.offset - end;
            if (reference.target.offset < 0
                    || (reference.size == 1 && distance != (byte) distance)) {
                throw new IllegalStateException("a jump has no target, or one too far away");
            }
            for (int i = 0; i < reference.size; i++) {
                bytes[reference.position + i] = (byte) (distance >> (Byte.SIZE * i));
            }
        }
        return Arrays.copyOf(bytes, position);
    }
}
