package dev.plinth.platform.ptrace.x86;

/**
 * The opcode maps of 64-bit mode: one character an opcode, sixteen a row, as in the tables of the
 * manuals (AMD64 Architecture Programmer's Manual, volume 3, appendix A; Intel's Software
 * Developer's Manual, volume 2, appendix A).
 *
 * <p>The letter says what follows the opcode, and what happens to memory; upper case where the
 * operand of ModRM is written:
 *
 * <pre>
 *   .      nothing; at most reads memory
 *   r  W   ModRM
 *   n      ModRM, whose memory operand is not accessed (lea, prefetch, nop)
 *   b  B   ModRM and an immediate byte
 *   d  D   ModRM and an immediate of operand size, at most four bytes
 *   i  z   an immediate byte; one of operand size, at most four bytes
 *   w  v   an immediate of two bytes; one of operand size
 *   j      a displacement of four bytes
 *   m  M   an address of address size, which is read; written
 *   o      nothing; writes at rdi
 *   s      nothing; reads at rsi and writes at rdi
 *   p q Q  pushes: nothing follows; an immediate byte; one of operand size
 *   c      pushes: a displacement of four bytes
 *   e      pushes: an immediate of two bytes and one of one (enter)
 *   x      no instruction, or a prefix, or one that the decoder treats by itself
 * </pre>
 *
 * Groups, where the effect depends on ModRM's middle field, have the letter of most of their
 * members; {@link Groups} knows the others.
 */
final class OpcodeMaps {
    private static final String ONE_BYTE =
            "WWrrizxxWWrrizxx" // 00
                    + "WWrrizxxWWrrizxx" // 10
                    + "WWrrizxxWWrrizxx" // 20
                    + "WWrrizxxrrrrizxx" // 30
                    + "xxxxxxxxxxxxxxxx" // 40
                    + "pppppppp........" // 50
                    + "xxxrxxxxQdqboo.." // 60
                    + "iiiiiiiiiiiiiiii" // 70
                    + "BDxBrrWWWWrrWnrW" // 80
                    + "..........x.p..." // 90
                    + "mmMMss..izoo...." // a0
                    + "iiiiiiiivvvvvvvv" // b0
                    + "BBw.xxBDe.w..ix." // c0
                    + "WWWWxxx.rrrrrrrr" // d0
                    + "iiiiiiiicjxi...." // e0
                    + "x.xx..rr......Wr"; // f0

    private static final String TWO_BYTE =
            "rrrrx.....x.xn.b" // 00
                    + "rWrWrrrWnnnnnnnn" // 10
                    + "nnnnxxxxrWrWrrrr" // 20
                    + "........xxxxxxxx" // 30
                    + "rrrrrrrrrrrrrrrr" // 40
                    + "rrrrrrrrrrrrrrrr" // 50
                    + "rrrrrrrrrrrrrrrr" // 60
                    + "bbbbrrr.WrxxrrWW" // 70
                    + "jjjjjjjjjjjjjjjj" // 80
                    + "WWWWWWWWWWWWWWWW" // 90
                    + "p..rBWxxp..WBWrr" // a0
                    + "WWrWrrrrrrBWrrrr" // b0
                    + "WWbWbbbr........" // c0
                    + "rrrrrrWrrrrrrrrr" // d0
                    + "rrrrrrrWrrrrrrrr" // e0
                    + "rrrrrrrrrrrrrrrr"; // f0

    private OpcodeMaps() {}

    static char oneByte(int opcode) {
        return ONE_BYTE.charAt(opcode);
    }

    /** Opcodes behind {@code 0f}. */
    static char twoByte(int opcode) {
        return TWO_BYTE.charAt(opcode);
    }
}
