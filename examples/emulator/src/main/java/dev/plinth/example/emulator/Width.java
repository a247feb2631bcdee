package dev.plinth.example.emulator;

/** How wide an operand is. Two bytes are not emulated. */
enum Width {
    BYTE(1),
    DOUBLEWORD(4),
    QUADWORD(8);

    private final int bytes;

    Width(int bytes) {
        this.bytes = bytes;
    }

    int bytes() {
        return bytes;
    }

    int bits() {
        return bytes * Byte.SIZE;
    }

    long signBit() {
        return 1L << (bits() - 1);
    }

    /** All bits. */
    long mask() {
        return -1L >>> (Long.SIZE - bits());
    }

    /** The value as a signed number of this width. */
    long signExtend(long value) {
        int unused = Long.SIZE - bits();
        return value << unused >> unused;
    }
}
