package dev.plinth.testkit.assembler;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Puts x86-64 instructions one behind the other.
 *
 * <pre>{@code
 * GuestProgram program =
 *         new GuestAssembler()
 *                 .mov(RAX, 39)
 *                 .label("again")
 *                 .syscall()
 *                 .jmp("again")
 *                 .assemble();
 * }</pre>
 *
 * <p>Operands are 64 bits wide where no name says otherwise. Encodings: Intel SDM volume 2; AMD APM
 * volume 3. Not for use by several threads.
 */
public final class GuestAssembler {
    private static final int REX = 0x40;
    private static final int REX_W = 0x48;
    private static final int LOCK = 0xf0;
    private static final int SEGMENT_FS = 0x64;
    private static final int SEGMENT_GS = 0x65;
    private static final int REL32_BYTES = 4;

    /** A jump whose displacement is not known yet. */
    private record Reference(int position, String label) {}

    private final ByteArrayOutputStream code = new ByteArrayOutputStream();
    private final Map<String, Integer> labels = new HashMap<>();
    private final List<Reference> references = new ArrayList<>();

    /**
     * Ends the program.
     *
     * @throws IllegalStateException if a jump goes to a label that is nowhere
     */
    public GuestProgram assemble() {
        byte[] bytes = code.toByteArray();
        for (Reference reference : references) {
            Integer target = labels.get(reference.label());
            if (target == null) {
                throw new IllegalStateException("no label " + reference.label());
            }
            int displacement = target - (reference.position() + REL32_BYTES);
            for (int i = 0; i < REL32_BYTES; i++) {
                bytes[reference.position() + i] = (byte) (displacement >> (8 * i));
            }
        }
        return new GuestProgram(bytes, labels);
    }

    /** Names the place of the next instruction. */
    public GuestAssembler label(String label) {
        if (labels.put(label, code.size()) != null) {
            throw new IllegalArgumentException("label twice: " + label);
        }
        return this;
    }

    /** Any bytes, in hexadecimal with or without spaces. */
    public GuestAssembler bytes(String hex) {
        code.writeBytes(HexFormat.of().parseHex(hex.replace(" ", "")));
        return this;
    }

    /** The bytes of a text. */
    public GuestAssembler text(String text) {
        code.writeBytes(text.getBytes(US_ASCII));
        return this;
    }

    /** {@code mov target, value}, in the shortest of three encodings. */
    public GuestAssembler mov(Register target, long value) {
        if (value >>> 32 == 0) {
            rexIfHigh(target);
            return put(0xb8 + target.low()).number(value, 4);
        }
        if (value == (int) value) {
            return put(REX_W | target.high()).put(0xc7).put(0xc0 | target.low()).number(value, 4);
        }
        return put(REX_W | target.high()).put(0xb8 + target.low()).number(value, 8);
    }

    /** {@code mov target, source}. */
    public GuestAssembler mov(Register target, Register source) {
        return registers(0x89, source, target);
    }

    /** {@code lea target, [rip + label]}: the address of a label. */
    public GuestAssembler lea(Register target, String label) {
        put(REX_W | (target.high() << 2)).put(0x8d).put(0x05 | (target.low() << 3));
        return relative(label);
    }

    /** {@code lea target, [base + displacement]}. */
    public GuestAssembler lea(Register target, Register base, int displacement) {
        return memory(REX_W, target, base, displacement, 0x8d);
    }

    /** {@code mov target, [base + displacement]}. */
    public GuestAssembler load(Register target, Register base, int displacement) {
        return memory(REX_W, target, base, displacement, 0x8b);
    }

    /** {@code mov target, dword [base + displacement]}; clears the upper half. */
    public GuestAssembler load32(Register target, Register base, int displacement) {
        return memory(REX, target, base, displacement, 0x8b);
    }

    /** {@code movzx target, byte [base + displacement]}. */
    public GuestAssembler load8(Register target, Register base, int displacement) {
        return memory(REX_W, target, base, displacement, 0x0f, 0xb6);
    }

    /** {@code mov target, fs:[base + displacement]}. */
    public GuestAssembler loadFs(Register target, Register base, int displacement) {
        return put(SEGMENT_FS).load(target, base, displacement);
    }

    /** {@code mov target, gs:[base + displacement]}. */
    public GuestAssembler loadGs(Register target, Register base, int displacement) {
        return put(SEGMENT_GS).load(target, base, displacement);
    }

    /** {@code mov [base + displacement], source}. */
    public GuestAssembler store(Register base, int displacement, Register source) {
        return memory(REX_W, source, base, displacement, 0x89);
    }

    /** {@code mov dword [base + displacement], source}. */
    public GuestAssembler store32(Register base, int displacement, Register source) {
        return memory(REX, source, base, displacement, 0x89);
    }

    /** {@code mov byte [base + displacement], source}. */
    public GuestAssembler store8(Register base, int displacement, Register source) {
        return memory(REX, source, base, displacement, 0x88);
    }

    /** {@code add [base + displacement], source}: reads, changes and writes. */
    public GuestAssembler addTo(Register base, int displacement, Register source) {
        return memory(REX_W, source, base, displacement, 0x01);
    }

    /** {@code lock xadd [base + displacement], source}. */
    public GuestAssembler lockXadd(Register base, int displacement, Register source) {
        return put(LOCK).memory(REX_W, source, base, displacement, 0x0f, 0xc1);
    }

    /** {@code add target, source}. */
    public GuestAssembler add(Register target, Register source) {
        return registers(0x01, source, target);
    }

    /** {@code or target, source}. */
    public GuestAssembler or(Register target, Register source) {
        return registers(0x09, source, target);
    }

    /** {@code and target, source}. */
    public GuestAssembler and(Register target, Register source) {
        return registers(0x21, source, target);
    }

    /** {@code sub target, source}. */
    public GuestAssembler sub(Register target, Register source) {
        return registers(0x29, source, target);
    }

    /** {@code xor target, source}. */
    public GuestAssembler xor(Register target, Register source) {
        return registers(0x31, source, target);
    }

    /** {@code cmp left, right}. */
    public GuestAssembler cmp(Register left, Register right) {
        return registers(0x39, right, left);
    }

    /** {@code test left, right}. */
    public GuestAssembler test(Register left, Register right) {
        return registers(0x85, right, left);
    }

    /** {@code add target, value}. */
    public GuestAssembler add(Register target, int value) {
        return immediate(0, target, value);
    }

    /** {@code sub target, value}. */
    public GuestAssembler sub(Register target, int value) {
        return immediate(5, target, value);
    }

    /** {@code cmp left, value}. */
    public GuestAssembler cmp(Register left, int value) {
        return immediate(7, left, value);
    }

    /** {@code inc target}. */
    public GuestAssembler inc(Register target) {
        return registerOnly(0xff, 0, target);
    }

    /** {@code dec target}. */
    public GuestAssembler dec(Register target) {
        return registerOnly(0xff, 1, target);
    }

    /** {@code shl target, count}. */
    public GuestAssembler shl(Register target, int count) {
        return registerOnly(0xc1, 4, target).put(count);
    }

    /** {@code shr target, count}. */
    public GuestAssembler shr(Register target, int count) {
        return registerOnly(0xc1, 5, target).put(count);
    }

    /** {@code push source}. */
    public GuestAssembler push(Register source) {
        rexIfHigh(source);
        return put(0x50 + source.low());
    }

    /** {@code pop target}. */
    public GuestAssembler pop(Register target) {
        rexIfHigh(target);
        return put(0x58 + target.low());
    }

    /** {@code jmp label}. */
    public GuestAssembler jmp(String label) {
        return put(0xe9).relative(label);
    }

    /** {@code jmp target}: to the address in the register. */
    public GuestAssembler jmp(Register target) {
        rexIfHigh(target);
        return put(0xff).put(0xe0 | target.low());
    }

    /** {@code jcc label}. */
    public GuestAssembler jump(Condition condition, String label) {
        return put(0x0f).put(0x80 + condition.number()).relative(label);
    }

    /** {@code call label}. */
    public GuestAssembler call(String label) {
        return put(0xe8).relative(label);
    }

    /** {@code call target}: the address in the register. */
    public GuestAssembler call(Register target) {
        rexIfHigh(target);
        return put(0xff).put(0xd0 | target.low());
    }

    /** {@code ret}. */
    public GuestAssembler ret() {
        return put(0xc3);
    }

    /** {@code rep movsb}. */
    public GuestAssembler repMovsb() {
        return put(0xf3).put(0xa4);
    }

    /** {@code rep stosb}. */
    public GuestAssembler repStosb() {
        return put(0xf3).put(0xaa);
    }

    /** {@code syscall}. */
    public GuestAssembler syscall() {
        return put(0x0f).put(0x05);
    }

    /** {@code ud2}: an undefined instruction. */
    public GuestAssembler ud2() {
        return put(0x0f).put(0x0b);
    }

    /** {@code int3}: a breakpoint. */
    public GuestAssembler int3() {
        return put(0xcc);
    }

    /** {@code int vector}. */
    public GuestAssembler interrupt(int vector) {
        return put(0xcd).put(vector);
    }

    /** {@code hlt}, which no user may. */
    public GuestAssembler hlt() {
        return put(0xf4);
    }

    /** {@code nop}. */
    public GuestAssembler nop() {
        return put(0x90);
    }

    private GuestAssembler registers(int opcode, Register register, Register registerOrMemory) {
        return put(REX_W | (register.high() << 2) | registerOrMemory.high())
                .put(opcode)
                .put(0xc0 | (register.low() << 3) | registerOrMemory.low());
    }

    private GuestAssembler registerOnly(int opcode, int extension, Register target) {
        return put(REX_W | target.high()).put(opcode).put(0xc0 | (extension << 3) | target.low());
    }

    private GuestAssembler immediate(int extension, Register target, int value) {
        return registerOnly(0x81, extension, target).number(value, 4);
    }

    /** An instruction with one register and one memory operand, always of 32 bits displacement. */
    private GuestAssembler memory(
            int rex, Register register, Register base, int displacement, int... opcode) {
        put(rex | (register.high() << 2) | base.high());
        for (int value : opcode) {
            put(value);
        }
        put(0x80 | (register.low() << 3) | base.low());
        if (base.low() == Register.RSP.low()) {
            // The encoding of rsp says that a SIB byte follows; this one means the base alone.
            put(0x24);
        }
        return number(displacement, 4);
    }

    private GuestAssembler relative(String label) {
        references.add(new Reference(code.size(), label));
        return number(0, REL32_BYTES);
    }

    private void rexIfHigh(Register register) {
        if (register.high() != 0) {
            put(REX | register.high());
        }
    }

    private GuestAssembler put(int value) {
        code.write(value);
        return this;
    }

    private GuestAssembler number(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            put((int) (value >> (8 * i)));
        }
        return this;
    }
}
