package dev.plinth.platform.ptrace.x86;

import dev.plinth.platform.ptrace.x86.Instruction.Effect;

/**
 * The effect of instructions that are told apart by more than their opcode: by ModRM's middle
 * field, by a mandatory prefix, or by the map of a VEX or EVEX prefix.
 *
 * <p>Every method takes the effect that the opcode's letter says and returns the right one, for an
 * operand that is in memory.
 */
final class Groups {
    /** Mandatory prefixes, as VEX and EVEX number them in {@code pp}. */
    static final int NO_PREFIX = 0;

    static final int PREFIX_66 = 1;
    static final int PREFIX_F3 = 2;
    static final int PREFIX_F2 = 3;

    private Groups() {}

    static Effect oneByte(int opcode, int field, Effect effect) {
        return switch (opcode) {
            case 0x80, 0x81, 0x83 -> field == 7 ? Effect.READS : effect; // cmp
            case 0x8f -> Effect.POPS_TO_MEMORY;
            case 0xd9 -> writesIf(field == 2 || field == 3 || field >= 6);
            case 0xdb -> writesIf((field >= 1 && field <= 3) || field == 7);
            case 0xdd -> writesIf((field >= 1 && field <= 3) || field >= 6);
            case 0xdf -> writesIf((field >= 1 && field <= 3) || field >= 6);
            case 0xf6, 0xf7 -> writesIf(field == 2 || field == 3); // not, neg
            case 0xff ->
                    switch (field) {
                        case 0, 1 -> Effect.WRITES; // inc, dec
                        case 2, 3, 6 -> Effect.PUSHES; // call, call far, push
                        default -> Effect.READS;
                    };
            default -> effect;
        };
    }

    static Effect twoByte(int opcode, int field, int prefix, Effect effect) {
        return switch (opcode) {
            case 0x00 -> writesIf(field <= 1); // sldt, str
            case 0x01 -> writesIf(field <= 1 || field == 4); // sgdt, sidt, smsw
            case 0x7e -> writesIf(prefix != PREFIX_F3); // f3: movq to a register
            case 0xae ->
                    switch (field) {
                        case 0, 3, 4 -> Effect.WRITES; // fxsave, stmxcsr, xsave
                        case 6 -> writesIf(prefix != PREFIX_66); // xsaveopt; 66: clwb
                        default -> Effect.READS;
                    };
            case 0xba -> writesIf(field >= 5); // bts, btr, btc; 4: bt
            case 0xc7 -> writesIf(field == 1 || field == 4 || field == 5 || field == 7);
            default -> effect;
        };
    }

    /** Opcodes behind {@code 0f 38}. */
    static Effect map38(int opcode, int prefix) {
        return switch (opcode) {
            case 0xf1 -> writesIf(prefix == NO_PREFIX || prefix == PREFIX_66); // movbe
            case 0xf5 -> writesIf(prefix == PREFIX_66); // wruss
            case 0xf6 -> writesIf(prefix == NO_PREFIX); // wrss
            case 0xf9, 0xfc -> Effect.WRITES; // movdiri; aadd and the like
            default -> Effect.READS;
        };
    }

    /** Opcodes behind {@code 0f 3a}: pextrb, pextrw, pextrd and extractps write. */
    static Effect map3a(int opcode) {
        return writesIf(opcode >= 0x14 && opcode <= 0x17);
    }

    /** Instructions with a VEX prefix. */
    static Effect vex(int map, int opcode, int field, int prefix) {
        return switch (map) {
            case 1 ->
                    switch (opcode) {
                        case 0x91 -> Effect.WRITES; // kmov
                        case 0xae -> writesIf(field == 3); // vstmxcsr
                        default -> vectorMove(opcode, prefix);
                    };
            case 2 ->
                    switch (opcode) {
                        case 0x2e, 0x2f, 0x8e -> Effect.WRITES; // vmaskmov, vpmaskmov
                        case 0x49 -> writesIf(prefix == PREFIX_66); // sttilecfg
                        case 0x4b -> writesIf(prefix == PREFIX_F3); // tilestored
                        default -> writesIf(opcode >= 0xe0 && opcode <= 0xef); // cmpccxadd
                    };
            case 3 -> vectorExtract(opcode);
            default -> Effect.READS;
        };
    }

    /** Instructions with an EVEX prefix. */
    static Effect evex(int map, int opcode, int prefix) {
        return switch (map) {
            case 1 -> vectorMove(opcode, prefix);
            case 2 ->
                    switch (opcode) {
                        case 0x63, 0x8a, 0x8b -> Effect.WRITES; // vpcompress, vcompress
                        case 0xa0, 0xa1, 0xa2, 0xa3 -> Effect.WRITES; // scatter
                        default -> writesIf(prefix == PREFIX_F3 && isNarrowing(opcode));
                    };
            case 3 -> vectorExtract(opcode);
            case 5 ->
                    switch (opcode) {
                        case 0x11 -> Effect.WRITES; // vmovsh
                        case 0x7e -> writesIf(prefix == PREFIX_66); // vmovw
                        default -> Effect.READS;
                    };
            default -> Effect.READS;
        };
    }

    /** The opcodes of map 1 that move a register to memory: those of SSE. */
    private static Effect vectorMove(int opcode, int prefix) {
        return switch (opcode) {
            case 0x11, 0x13, 0x17, 0x29, 0x2b, 0x7f, 0xd6, 0xe7 -> Effect.WRITES;
            case 0x7e -> writesIf(prefix == PREFIX_66);
            default -> Effect.READS;
        };
    }

    /** The opcodes of map 3 that move part of a register to memory. */
    private static Effect vectorExtract(int opcode) {
        return switch (opcode) {
            case 0x14, 0x15, 0x16, 0x17, 0x19, 0x1b, 0x1d, 0x39, 0x3b -> Effect.WRITES;
            default -> Effect.READS;
        };
    }

    /** vpmov*, vpmovs* and vpmovus*: 30 to 35, 20 to 25, 10 to 15. */
    private static boolean isNarrowing(int opcode) {
        return opcode >= 0x10 && opcode <= 0x35 && (opcode & 0xf) <= 5;
    }

    private static Effect writesIf(boolean writes) {
        return writes ? Effect.WRITES : Effect.READS;
    }
}
