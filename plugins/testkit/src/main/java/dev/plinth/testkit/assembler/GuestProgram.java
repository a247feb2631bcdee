package dev.plinth.testkit.assembler;

import java.util.Map;

/**
 * Machine code that can stand at any address, with its labels.
 *
 * <p>Immutable.
 */
public final class GuestProgram {
    private final byte[] code;
    private final Map<String, Integer> labels;

    GuestProgram(byte[] code, Map<String, Integer> labels) {
        this.code = code.clone();
        this.labels = Map.copyOf(labels);
    }

    /** The machine code. */
    public byte[] code() {
        return code.clone();
    }

    /** The number of bytes. */
    public int length() {
        return code.length;
    }

    /** How far from the beginning a label stands. */
    public int offsetOf(String label) {
        Integer offset = labels.get(label);
        if (offset == null) {
            throw new IllegalArgumentException("no label " + label);
        }
        return offset;
    }
}
