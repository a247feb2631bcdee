package dev.plinth.platform.ptrace.x86;

import dev.plinth.platform.ptrace.x86.Instruction.Effect;
import dev.plinth.platform.ptrace.x86.Instruction.Kind;

/**
 * Decodes one instruction of 64-bit mode: its length, and its effect on memory.
 *
 * <p>The bytes come from a guest and may be anything.
 */
public final class InstructionDecoder {
    /** Longer ones do not exist: the processor raises a general protection fault. */
    public static final int MAX_LENGTH = 15;

    private static final int MAX_MAP = 6;
    private static final int MASKMOV = 0xf7;

    private final byte[] bytes;
    private final int available;
    private int position;

    // Prefixes.
    private boolean operandSize;
    private boolean addressSize;
    private int repeat;
    private int rex;

    private InstructionDecoder(byte[] bytes, int available) {
        this.bytes = bytes;
        this.available = Math.min(available, MAX_LENGTH);
    }

    /**
     * Decodes the instruction at the beginning of the bytes.
     *
     * @param bytes of the guest
     * @param available how many of them count
     */
    public static Instruction decode(byte[] bytes, int available) {
        return new InstructionDecoder(bytes, available).decode();
    }

    private Instruction decode() {
        int opcode = skipPrefixes();
        Decoded decoded =
                switch (opcode) {
                    case 0x0f -> twoByte();
                    case 0xc4 -> vex3();
                    case 0xc5 -> vex2();
                    case 0x62 -> evex();
                    case 0x8f -> popOrXop();
                    default -> legacy(opcode);
                };
        if (position > available) {
            return Instruction.TRUNCATED;
        }
        return decoded.known
                ? new Instruction(Kind.KNOWN, position, decoded.effect)
                : Instruction.UNKNOWN;
    }

    /** Reads the next byte; zero behind the end, which {@link #decode} notices later. */
    private int next() {
        int value = position < available ? bytes[position] & 0xff : 0;
        position++;
        return value;
    }

    private int skipPrefixes() {
        while (true) {
            int value = next();
            switch (value) {
                case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0xf0 -> rex = 0;
                case 0x66 -> {
                    operandSize = true;
                    rex = 0;
                }
                case 0x67 -> {
                    addressSize = true;
                    rex = 0;
                }
                case 0xf2, 0xf3 -> {
                    repeat = value;
                    rex = 0;
                }
                default -> {
                    if ((value & 0xf0) != 0x40) {
                        return value;
                    }
                    rex = value;
                }
            }
            if (position > available) {
                return 0;
            }
        }
    }

    private boolean isWide() {
        return (rex & 8) != 0;
    }

    /** The mandatory prefix of an SSE instruction. */
    private int mandatoryPrefix() {
        return switch (repeat) {
            case 0xf3 -> Groups.PREFIX_F3;
            case 0xf2 -> Groups.PREFIX_F2;
            default -> operandSize ? Groups.PREFIX_66 : Groups.NO_PREFIX;
        };
    }

    private Decoded legacy(int opcode) {
        Decoded decoded = byLetter(OpcodeMaps.oneByte(opcode));
        if (decoded.modrm < 0) {
            return decoded;
        }
        int field = decoded.field();
        if (opcode == 0xf6 && field <= 1) {
            position += 1;
        } else if (opcode == 0xf7 && field <= 1) {
            position += immediateBytes();
        }
        if (!decoded.isMemory()) {
            // Of the register forms only those of ff touch memory: the stack.
            boolean pushes = opcode == 0xff && (field == 2 || field == 6);
            return decoded.with(pushes ? Effect.PUSHES : Effect.READS);
        }
        return decoded.with(Groups.oneByte(opcode, field, decoded.effect));
    }

    private Decoded twoByte() {
        int opcode = next();
        if (opcode == 0x38) {
            return map38();
        }
        if (opcode == 0x3a) {
            return map3a();
        }
        Decoded decoded = byLetter(OpcodeMaps.twoByte(opcode));
        if (decoded.modrm < 0) {
            return decoded;
        }
        if (!decoded.isMemory()) {
            return decoded.with(opcode == MASKMOV ? Effect.WRITES : Effect.READS);
        }
        return decoded.with(
                Groups.twoByte(opcode, decoded.field(), mandatoryPrefix(), decoded.effect));
    }

    private Decoded map38() {
        int opcode = next();
        Decoded decoded = modrm(Effect.READS);
        if (opcode == 0xf8) {
            // movdir64b and enqcmd read one operand and write to where a register points.
            return Decoded.UNKNOWN;
        }
        return decoded.inMemory(Groups.map38(opcode, mandatoryPrefix()));
    }

    private Decoded map3a() {
        int opcode = next();
        Decoded decoded = modrm(Effect.READS);
        position++;
        return decoded.inMemory(Groups.map3a(opcode));
    }

    private Decoded vex2() {
        int payload = next();
        return vex(1, payload & 3);
    }

    private Decoded vex3() {
        int map = next() & 0x1f;
        int payload = next();
        return vex(map, payload & 3);
    }

    private Decoded vex(int map, int prefix) {
        int opcode = next();
        if (map == 0 || map > 3) {
            return Decoded.UNKNOWN;
        }
        if (map == 1 && opcode == 0x77) {
            return Decoded.NO_MEMORY; // vzeroupper, vzeroall
        }
        Decoded decoded = modrm(Effect.READS);
        if (hasImmediate(map, opcode)) {
            position++;
        }
        if (map == 1 && opcode == MASKMOV && !decoded.isMemory()) {
            return decoded.with(Effect.WRITES);
        }
        return decoded.inMemory(Groups.vex(map, opcode, decoded.field(), prefix));
    }

    private Decoded evex() {
        int map = next() & 7;
        int prefix = next() & 3;
        next();
        int opcode = next();
        if (map == 0 || map == 4 || map > MAX_MAP) {
            return Decoded.UNKNOWN;
        }
        Decoded decoded = modrm(Effect.READS);
        if (hasImmediate(map, opcode)) {
            position++;
        }
        return decoded.inMemory(Groups.evex(map, opcode, prefix));
    }

    private static boolean hasImmediate(int map, int opcode) {
        return switch (map) {
            case 1 ->
                    (opcode >= 0x70 && opcode <= 0x73)
                            || opcode == 0xc2
                            || (opcode >= 0xc4 && opcode <= 0xc6);
            case 3 -> true;
            default -> false;
        };
    }

    /** The byte 8f is {@code pop} to memory; with a map number in it, it is AMD's XOP prefix. */
    private Decoded popOrXop() {
        int map = position < available ? bytes[position] & 0x1f : 0;
        if (map < 8) {
            return legacy(0x8f);
        }
        position += 3;
        Decoded decoded = modrm(Effect.READS);
        position += map == 8 ? 1 : map == 10 ? 4 : 0;
        return decoded;
    }

    private Decoded byLetter(char letter) {
        switch (letter) {
            case 'r', 'b', 'd', 'n' -> {
                Decoded decoded = modrm(Effect.READS);
                position += letter == 'b' ? 1 : letter == 'd' ? immediateBytes() : 0;
                return decoded;
            }
            case 'W', 'B', 'D' -> {
                Decoded decoded = modrm(Effect.WRITES);
                position += letter == 'B' ? 1 : letter == 'D' ? immediateBytes() : 0;
                return decoded;
            }
            case 'i' -> position += 1;
            case 'z' -> position += immediateBytes();
            case 'w' -> position += 2;
            case 'v' -> position += isWide() ? 8 : immediateBytes();
            case 'j' -> position += 4;
            case 'm' -> position += addressSize ? 4 : 8;
            case 'M' -> {
                position += addressSize ? 4 : 8;
                return Decoded.WRITES;
            }
            case 'o' -> {
                return Decoded.WRITES;
            }
            case 's' -> {
                return Decoded.COPIES;
            }
            case 'p' -> {
                return Decoded.PUSHES;
            }
            case 'q' -> {
                position += 1;
                return Decoded.PUSHES;
            }
            case 'Q' -> {
                position += immediateBytes();
                return Decoded.PUSHES;
            }
            case 'c' -> {
                position += 4;
                return Decoded.PUSHES;
            }
            case 'e' -> {
                position += 3;
                return Decoded.PUSHES;
            }
            case 'x' -> {
                return Decoded.UNKNOWN;
            }
            default -> {}
        }
        return Decoded.NO_MEMORY;
    }

    private int immediateBytes() {
        return operandSize && !isWide() ? 2 : 4;
    }

    /** Reads ModRM, SIB and the displacement. */
    private Decoded modrm(Effect effect) {
        int modrm = next();
        int mode = modrm >> 6;
        int base = modrm & 7;
        if (mode != 3) {
            if (base == 4) {
                base = next() & 7;
            }
            if (mode == 1) {
                position += 1;
            } else if (mode == 2 || base == 5) {
                // Without a base register; or relative to rip.
                position += 4;
            }
        }
        return new Decoded(true, modrm, effect);
    }

    /** What is known so far. */
    private record Decoded(boolean known, int modrm, Effect effect) {
        static final Decoded UNKNOWN = new Decoded(false, -1, Effect.READS);
        static final Decoded NO_MEMORY = new Decoded(true, -1, Effect.READS);
        static final Decoded WRITES = new Decoded(true, -1, Effect.WRITES);
        static final Decoded PUSHES = new Decoded(true, -1, Effect.PUSHES);
        static final Decoded COPIES = new Decoded(true, -1, Effect.COPIES_STRING);

        boolean isMemory() {
            return modrm >> 6 != 3;
        }

        int field() {
            return modrm >> 3 & 7;
        }

        Decoded with(Effect newEffect) {
            return new Decoded(known, modrm, newEffect);
        }

        /** With an effect that only an operand in memory has. */
        Decoded inMemory(Effect newEffect) {
            return with(isMemory() ? newEffect : Effect.READS);
        }
    }
}
