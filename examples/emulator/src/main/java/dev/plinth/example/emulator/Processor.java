package dev.plinth.example.emulator;

import static dev.plinth.example.emulator.Instruction.RAX;
import static dev.plinth.example.emulator.Instruction.RCX;
import static dev.plinth.example.emulator.Instruction.RDI;
import static dev.plinth.example.emulator.Instruction.RSI;
import static dev.plinth.example.emulator.Instruction.RSP;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import java.util.Optional;

/**
 * Executes the instructions of a guest thread in one address space.
 *
 * <p>An instruction that cannot be executed changes nothing, so that it can be tried again: first
 * everything is checked and read, then written, then the instruction pointer moves on. Opcodes:
 * Intel SDM volume 2, appendix A.
 */
final class Processor {
    private static final int LOCK = 0xf0;
    private static final int REPEAT = 0xf3;
    private static final int SEGMENT_FS = 0x64;
    private static final int SEGMENT_GS = 0x65;
    private static final int TWO_BYTES = 0x0f;

    /** The number of cmp among the eight operations, the only one without a result. */
    private static final int COMPARE = 7;

    private final EmulatorAddressSpace space;
    private final Registers registers;

    Processor(EmulatorAddressSpace space, Registers registers) {
        this.space = space;
        this.registers = registers;
    }

    /** Executes the instruction at the instruction pointer; the trap is that of the kernel. */
    Optional<Trap> executeOne() {
        space.instructionLock().lock();
        try {
            if (space.isClosedLocked()) {
                throw new IllegalStateException("the address space is closed");
            }
            return execute(new Instruction(space, registers));
        } catch (TrapException e) {
            return Optional.of(e.trap());
        } finally {
            space.instructionLock().unlock();
        }
    }

    private Optional<Trap> execute(Instruction instruction) {
        int opcode = instruction.fetchByte();
        int prefix = 0;
        while (opcode == LOCK || opcode == REPEAT || opcode == SEGMENT_FS || opcode == SEGMENT_GS) {
            if (opcode == LOCK || opcode == REPEAT) {
                prefix = opcode;
            } else {
                instruction.setSegment(opcode);
            }
            opcode = instruction.fetchByte();
        }
        if ((opcode & 0xf0) == 0x40) {
            instruction.setRex(opcode);
            opcode = instruction.fetchByte();
        }
        if (opcode == TWO_BYTES) {
            return executeTwoByteOpcode(instruction, prefix);
        }
        if (prefix == LOCK || (prefix == REPEAT && !isRepeatable(opcode))) {
            throw notEmulated(instruction, opcode);
        }
        if (opcode < 0x40) {
            arithmetic(instruction, opcode);
            return goOn(instruction);
        }
        // These opcodes hold the number of a register, or of a condition, in their low bits.
        int register = instruction.registerInOpcode(opcode);
        switch (opcode & 0xf8) {
            case 0x50 -> push(instruction, quadword(instruction, register));
            case 0x58 -> instruction.set(register, Width.QUADWORD, pop(instruction));
            case 0x70, 0x78 -> {
                return jumpIf(instruction, opcode & 0xf, Width.BYTE);
            }
            case 0xb8 -> {
                Width width = instruction.width();
                instruction.set(register, width, instruction.fetchNumber(width));
            }
            default -> {
                return executeOneByteOpcode(instruction, opcode, prefix);
            }
        }
        return goOn(instruction);
    }

    private Optional<Trap> executeOneByteOpcode(Instruction instruction, int opcode, int prefix) {
        switch (opcode) {
            case 0x63 -> { // movsxd
                instruction.fetchModRm();
                long value = Width.DOUBLEWORD.signExtend(instruction.readOther(Width.DOUBLEWORD));
                instruction.set(instruction.register(), instruction.width(), value);
            }
            case 0x68 -> push(instruction, instruction.fetchNumber(Width.DOUBLEWORD));
            case 0x6a -> push(instruction, instruction.fetchNumber(Width.BYTE));
            case 0x80, 0x81, 0x83 -> arithmeticWithImmediate(instruction, opcode);
            case 0x84, 0x85 -> { // test
                instruction.fetchModRm();
                Width width = width(instruction, opcode);
                long right = instruction.get(instruction.register(), width);
                Flags.setOfLogic(registers, width, instruction.readOther(width) & right);
            }
            case 0x88, 0x89 -> { // mov to memory or register
                instruction.fetchModRm();
                Width width = width(instruction, opcode);
                instruction.writeOther(width, instruction.get(instruction.register(), width));
            }
            case 0x8a, 0x8b -> { // mov to register
                instruction.fetchModRm();
                Width width = width(instruction, opcode);
                instruction.set(instruction.register(), width, instruction.readOther(width));
            }
            case 0x8d -> { // lea
                instruction.fetchModRm();
                if (instruction.otherIsRegister()) {
                    throw instruction.undefined();
                }
                long address = instruction.address();
                instruction.set(instruction.register(), instruction.width(), address);
            }
            case 0x90 -> { // nop; with the prefix, pause
                if (instruction.registerInOpcode(opcode) != RAX) {
                    throw notEmulated(instruction, opcode);
                }
            }
            case 0xa4, 0xaa -> {
                return string(instruction, opcode, prefix == REPEAT);
            }
            case 0xa8, 0xa9 -> { // test al or rax with an immediate
                Width width = width(instruction, opcode);
                long right = instruction.fetchImmediate(width);
                Flags.setOfLogic(registers, width, instruction.get(RAX, width) & right);
            }
            case 0xc1, 0xd1 -> {
                instruction.fetchModRm();
                shift(instruction, opcode, opcode == 0xd1 ? 1 : instruction.fetchByte());
            }
            case 0xc3 -> { // ret
                requireCanonical(
                        instruction.read(quadword(instruction, RSP), Width.QUADWORD, true));
                return goTo(pop(instruction));
            }
            case 0xc6, 0xc7 -> { // mov immediate
                instruction.fetchModRm();
                Width width = width(instruction, opcode);
                instruction.writeOther(width, instruction.fetchImmediate(width));
            }
            case 0xcc -> { // int3: the trap is behind it
                goOn(instruction);
                return Optional.of(new Trap.CpuException(Signal.SIGTRAP, SignalCode.SI_KERNEL, 0));
            }
            case 0xcd, 0xf4 -> throw Instruction.generalProtection(); // int n, hlt
            case 0xe8 -> { // call
                long target = relative(instruction, Width.DOUBLEWORD);
                push(instruction, instruction.next());
                return goTo(target);
            }
            case 0xe9 -> {
                return goTo(relative(instruction, Width.DOUBLEWORD));
            }
            case 0xeb -> {
                return goTo(relative(instruction, Width.BYTE));
            }
            case 0xf6, 0xf7 -> notNegateOrTest(instruction, opcode);
            case 0xfe, 0xff -> {
                return incrementOrGo(instruction, opcode);
            }
            default -> throw notEmulated(instruction, opcode);
        }
        return goOn(instruction);
    }

    private Optional<Trap> executeTwoByteOpcode(Instruction instruction, int prefix) {
        int opcode = instruction.fetchByte();
        if ((prefix == LOCK) != (opcode == 0xc1)) {
            throw notEmulated(instruction, (TWO_BYTES << 8) | opcode);
        }
        if ((opcode & 0xf0) == 0x80) {
            return jumpIf(instruction, opcode & 0xf, Width.DOUBLEWORD);
        }
        switch (opcode) {
            case 0x05 -> { // syscall
                goOn(instruction);
                registers.setOrigRax(registers.rax());
                registers.setRcx(registers.rip());
                registers.setR11(registers.eflags());
                return Optional.of(Trap.SYSTEM_CALL);
            }
            case 0x0b -> throw instruction.undefined(); // ud2
            case 0x1e, 0x1f -> instruction.fetchModRm(); // nop; with the prefix, endbr64
            case 0xb6 -> { // movzx
                instruction.fetchModRm();
                long value = instruction.readOther(Width.BYTE);
                instruction.set(instruction.register(), instruction.width(), value);
            }
            case 0xbe -> { // movsx
                instruction.fetchModRm();
                long value = Width.BYTE.signExtend(instruction.readOther(Width.BYTE));
                instruction.set(instruction.register(), instruction.width(), value);
            }
            case 0xc1 -> { // lock xadd
                instruction.fetchModRm();
                if (instruction.otherIsRegister()) {
                    throw instruction.undefined();
                }
                Width width = instruction.width();
                long added = instruction.get(instruction.register(), width);
                long before = instruction.addToOtherAtomically(width, added);
                Flags.setOfSum(registers, width, before, added, before + added);
                instruction.set(instruction.register(), width, before);
            }
            default -> throw notEmulated(instruction, (TWO_BYTES << 8) | opcode);
        }
        return goOn(instruction);
    }

    /** The opcodes below 0x40: eight operations, in six forms each. */
    private void arithmetic(Instruction instruction, int opcode) {
        int form = opcode & 7;
        if (form > 5) {
            throw notEmulated(instruction, opcode);
        }
        int operation = opcode >> 3;
        Width width = width(instruction, opcode);
        if (form >= 4) {
            long right = instruction.fetchImmediate(width);
            long result = compute(operation, width, instruction.get(RAX, width), right);
            if (operation != COMPARE) {
                instruction.set(RAX, width, result);
            }
            return;
        }
        instruction.fetchModRm();
        if (form < 2) {
            long right = instruction.get(instruction.register(), width);
            change(instruction, width, operation, right);
        } else {
            long left = instruction.get(instruction.register(), width);
            long result = compute(operation, width, left, instruction.readOther(width));
            if (operation != COMPARE) {
                instruction.set(instruction.register(), width, result);
            }
        }
    }

    private void arithmeticWithImmediate(Instruction instruction, int opcode) {
        instruction.fetchModRm();
        Width width = width(instruction, opcode);
        long right =
                opcode == 0x83
                        ? instruction.fetchNumber(Width.BYTE)
                        : instruction.fetchImmediate(width);
        change(instruction, width, instruction.register() & 7, right);
    }

    /** Computes with the operand that may be memory, and writes the result there. */
    private void change(Instruction instruction, Width width, int operation, long right) {
        if (operation != COMPARE) {
            instruction.requireOtherWritable(width);
        }
        long result = compute(operation, width, instruction.readOther(width), right);
        if (operation != COMPARE) {
            instruction.writeOther(width, result);
        }
    }

    private long compute(int operation, Width width, long left, long right) {
        long carry = Flags.carry(registers) ? 1 : 0;
        return switch (operation) {
            case 0 -> sum(width, left, right, 0);
            case 1 -> logic(width, left | right);
            case 2 -> sum(width, left, right, carry);
            case 3 -> difference(width, left, right, carry);
            case 4 -> logic(width, left & right);
            case 5, COMPARE -> difference(width, left, right, 0);
            default -> logic(width, left ^ right);
        };
    }

    private long sum(Width width, long left, long right, long carry) {
        long result = left + right + carry;
        Flags.setOfSum(registers, width, left, right, result);
        return result;
    }

    private long difference(Width width, long left, long right, long borrow) {
        long result = left - right - borrow;
        Flags.setOfDifference(registers, width, left, right, result);
        return result;
    }

    private long logic(Width width, long result) {
        Flags.setOfLogic(registers, width, result);
        return result;
    }

    private void shift(Instruction instruction, int opcode, int givenCount) {
        Width width = instruction.width();
        int count = givenCount & (width.bits() - 1);
        instruction.requireOtherWritable(width);
        long value = instruction.readOther(width);
        long signed = width.signExtend(value);
        long result =
                switch (instruction.register() & 7) {
                    case 4 -> value << count;
                    case 5 -> value >>> count;
                    case 7 -> signed >> count;
                    default -> throw notEmulated(instruction, opcode);
                };
        if (count == 0) {
            return;
        }
        boolean left = (instruction.register() & 7) == 4;
        long lastOut = left ? value >>> (width.bits() - count) : signed >> (count - 1);
        boolean carry = (lastOut & 1) != 0;
        boolean overflow = ((result ^ value) & width.signBit()) != 0;
        instruction.writeOther(width, result);
        Flags.setOfShift(registers, width, result, carry, overflow);
    }

    private void notNegateOrTest(Instruction instruction, int opcode) {
        instruction.fetchModRm();
        Width width = width(instruction, opcode);
        switch (instruction.register() & 7) {
            case 0 -> { // test
                long right = instruction.fetchImmediate(width);
                Flags.setOfLogic(registers, width, instruction.readOther(width) & right);
            }
            case 2 -> { // not
                instruction.requireOtherWritable(width);
                instruction.writeOther(width, ~instruction.readOther(width));
            }
            case 3 -> { // neg
                instruction.requireOtherWritable(width);
                long value = instruction.readOther(width);
                instruction.writeOther(width, -value);
                difference(width, 0, value, 0);
            }
            default -> throw notEmulated(instruction, opcode);
        }
    }

    /** inc, dec, call, jmp and push of an operand that may be memory. */
    private Optional<Trap> incrementOrGo(Instruction instruction, int opcode) {
        instruction.fetchModRm();
        int operation = instruction.register() & 7;
        if (operation > 1 && opcode == 0xfe) {
            throw notEmulated(instruction, opcode);
        }
        switch (operation) {
            case 0, 1 -> {
                Width width = width(instruction, opcode);
                boolean carry = Flags.carry(registers);
                change(instruction, width, operation == 0 ? 0 : 5, 1);
                Flags.restoreCarry(registers, carry);
            }
            case 2 -> {
                long target = instruction.readOther(Width.QUADWORD);
                requireCanonical(target);
                push(instruction, instruction.next());
                return goTo(target);
            }
            case 4 -> {
                return goTo(instruction.readOther(Width.QUADWORD));
            }
            case 6 -> push(instruction, instruction.readOther(Width.QUADWORD));
            default -> throw notEmulated(instruction, opcode);
        }
        return goOn(instruction);
    }

    /**
     * movsb and stosb. One byte a turn: with the repeat prefix the instruction pointer stays until
     * rcx is zero, so that an interrupt or a fault finds the registers between two bytes.
     */
    private Optional<Trap> string(Instruction instruction, int opcode, boolean repeated) {
        long count = quadword(instruction, RCX);
        if (repeated && count == 0) {
            return goOn(instruction);
        }
        boolean move = opcode == 0xa4;
        long source = quadword(instruction, RSI);
        long target = quadword(instruction, RDI);
        long value =
                move
                        ? instruction.read(source, Width.BYTE, false)
                        : instruction.get(RAX, Width.BYTE);
        instruction.write(target, Width.BYTE, value, false);
        int step = Flags.direction(registers) ? -1 : 1;
        instruction.set(RDI, Width.QUADWORD, target + step);
        if (move) {
            instruction.set(RSI, Width.QUADWORD, source + step);
        }
        if (!repeated) {
            return goOn(instruction);
        }
        instruction.set(RCX, Width.QUADWORD, count - 1);
        return Optional.empty();
    }

    private void push(Instruction instruction, long value) {
        long top = quadword(instruction, RSP) - Long.BYTES;
        instruction.write(top, Width.QUADWORD, value, true);
        instruction.set(RSP, Width.QUADWORD, top);
    }

    private long pop(Instruction instruction) {
        long top = quadword(instruction, RSP);
        long value = instruction.read(top, Width.QUADWORD, true);
        instruction.set(RSP, Width.QUADWORD, top + Long.BYTES);
        return value;
    }

    private Optional<Trap> jumpIf(Instruction instruction, int condition, Width width) {
        long target = relative(instruction, width);
        return Flags.holds(condition, registers) ? goTo(target) : goOn(instruction);
    }

    private static long relative(Instruction instruction, Width width) {
        long distance = instruction.fetchNumber(width);
        return instruction.next() + distance;
    }

    private Optional<Trap> goOn(Instruction instruction) {
        registers.setRip(instruction.next());
        return Optional.empty();
    }

    private Optional<Trap> goTo(long target) {
        requireCanonical(target);
        registers.setRip(target);
        return Optional.empty();
    }

    private static void requireCanonical(long target) {
        if (!EmulatorAddressSpace.isCanonical(target)) {
            throw Instruction.generalProtection();
        }
    }

    private static boolean isRepeatable(int opcode) {
        return opcode == 0xa4 || opcode == 0xaa || opcode == 0x90;
    }

    /** The lowest bit of most opcodes tells bytes from wider operands. */
    private static Width width(Instruction instruction, int opcode) {
        return (opcode & 1) == 0 ? Width.BYTE : instruction.width();
    }

    private static long quadword(Instruction instruction, int number) {
        return instruction.get(number, Width.QUADWORD);
    }

    private TrapException notEmulated(Instruction instruction, int opcode) {
        space.platform().reportNotEmulated(opcode, instruction.start());
        return instruction.undefined();
    }
}
