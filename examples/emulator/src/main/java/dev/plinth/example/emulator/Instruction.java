package dev.plinth.example.emulator;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * One instruction while it is decoded and executed: its bytes, its operands, and the memory and
 * registers that they name.
 *
 * <p>An immediate operand stands last in an instruction, and an address can count from the
 * instruction's end. So a user first fetches everything, and then reads and writes operands.
 */
final class Instruction {
    static final int RAX = 0;
    static final int RCX = 1;
    static final int RSP = 4;
    static final int RBP = 5;
    static final int RSI = 6;
    static final int RDI = 7;

    private static final int MAX_BYTES = 15;
    private static final int NO_REGISTER = -1;

    /** Where the register of each number in machine code lies in {@link Registers#segment()}. */
    private static final int[] OFFSETS = {
        80, 88, 96, 40, 152, 32, 104, 112, 72, 64, 56, 48, 24, 16, 8, 0
    };

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final VarHandle ATOMIC_INT = ValueLayout.JAVA_INT.varHandle();
    private static final VarHandle ATOMIC_LONG = ValueLayout.JAVA_LONG.varHandle();

    private final EmulatorAddressSpace space;
    private final Registers registers;
    private final long start;

    /** Behind the bytes that were fetched. */
    private long next;

    private int rex;
    private int segment;

    /** The register operand of a ModRM byte. */
    private int register;

    /** The other operand: a register, or memory at base + index + displacement. */
    private int otherRegister = NO_REGISTER;

    private int base = NO_REGISTER;
    private int index = NO_REGISTER;
    private int scale;
    private long displacement;
    private boolean ripRelative;

    Instruction(EmulatorAddressSpace space, Registers registers) {
        this.space = space;
        this.registers = registers;
        this.start = registers.rip();
        this.next = start;
    }

    /** Where the instruction stands. */
    long start() {
        return start;
    }

    /** Where the next one stands, as far as this one is fetched. */
    long next() {
        return next;
    }

    void setRex(int prefix) {
        rex = prefix;
    }

    void setSegment(int prefix) {
        segment = prefix;
    }

    /** The width of operands that are not bytes. */
    Width width() {
        return (rex & 8) != 0 ? Width.QUADWORD : Width.DOUBLEWORD;
    }

    /** The number of a register whose low bits lie in the opcode. */
    int registerInOpcode(int opcode) {
        return (opcode & 7) | ((rex & 1) << 3);
    }

    int fetchByte() {
        if (next - start == MAX_BYTES) {
            throw generalProtection();
        }
        EmulatorAddressSpace.Place place = space.placeLocked(next, AccessType.EXECUTE);
        next++;
        return place.memory().get(ValueLayout.JAVA_BYTE, place.offset()) & 0xff;
    }

    /** A signed number of one, four or eight bytes. */
    long fetchNumber(Width numberWidth) {
        long value = 0;
        for (int i = 0; i < numberWidth.bytes(); i++) {
            value |= (long) fetchByte() << (i * Byte.SIZE);
        }
        return numberWidth.signExtend(value);
    }

    /** An immediate operand: as wide as the others, but of four bytes at most. */
    long fetchImmediate(Width operandWidth) {
        return fetchNumber(operandWidth == Width.BYTE ? Width.BYTE : Width.DOUBLEWORD);
    }

    /** Fetches the ModRM byte, and what follows it, which together say what the operands are. */
    void fetchModRm() {
        int modRm = fetchByte();
        int mode = modRm >> 6;
        int low = modRm & 7;
        register = ((modRm >> 3) & 7) | ((rex & 4) << 1);
        if (mode == 3) {
            otherRegister = low | ((rex & 1) << 3);
            return;
        }
        boolean noBase = mode == 0 && low == RBP;
        if (low == RSP) {
            int sib = fetchByte();
            scale = sib >> 6;
            index = ((sib >> 3) & 7) | ((rex & 2) << 2);
            if (index == RSP) {
                index = NO_REGISTER;
            }
            low = sib & 7;
            noBase = mode == 0 && low == RBP;
        } else {
            ripRelative = noBase;
        }
        if (!noBase) {
            base = low | ((rex & 1) << 3);
        }
        if (mode == 1) {
            displacement = fetchNumber(Width.BYTE);
        } else if (mode == 2 || noBase) {
            displacement = fetchNumber(Width.DOUBLEWORD);
        }
    }

    /** The number in the middle of the ModRM byte: a register, or a part of the opcode. */
    int register() {
        return register;
    }

    boolean otherIsRegister() {
        return otherRegister != NO_REGISTER;
    }

    /** The address of the other operand, which is memory. */
    long address() {
        long address = displacement + (ripRelative ? next : 0);
        if (base != NO_REGISTER) {
            address += get(base, Width.QUADWORD);
        }
        if (index != NO_REGISTER) {
            address += get(index, Width.QUADWORD) << scale;
        }
        return address;
    }

    long readOther(Width operandWidth) {
        return otherIsRegister()
                ? get(otherRegister, operandWidth)
                : read(segmentAddress(), operandWidth, isOnStack());
    }

    void writeOther(Width operandWidth, long value) {
        if (otherIsRegister()) {
            set(otherRegister, operandWidth, value);
        } else {
            write(segmentAddress(), operandWidth, value, isOnStack());
        }
    }

    /** Fails where the other operand could not be written: before anything else has changed. */
    void requireOtherWritable(Width operandWidth) {
        if (!otherIsRegister()) {
            places(segmentAddress(), operandWidth, AccessType.WRITE, isOnStack());
        }
    }

    /** Adds to the other operand, which is memory, as one step for all who see it. */
    long addToOtherAtomically(Width operandWidth, long value) {
        long address = segmentAddress();
        requireOtherWritable(operandWidth);
        if (address % operandWidth.bytes() != 0 || operandWidth == Width.BYTE) {
            throw undefined();
        }
        EmulatorAddressSpace.Place place = space.placeLocked(address, AccessType.WRITE);
        return operandWidth == Width.QUADWORD
                ? (long) ATOMIC_LONG.getAndAdd(place.memory(), place.offset(), value)
                : (int) ATOMIC_INT.getAndAdd(place.memory(), place.offset(), (int) value);
    }

    long get(int number, Width operandWidth) {
        requireNoHighByte(number, operandWidth);
        return registers.segment().get(LONG, OFFSETS[number]) & operandWidth.mask();
    }

    void set(int number, Width operandWidth, long value) {
        requireNoHighByte(number, operandWidth);
        // Four bytes clear the upper half of a register; one byte leaves the rest alone.
        long kept = operandWidth == Width.BYTE ? get(number, Width.QUADWORD) & ~0xffL : 0;
        registers.segment().set(LONG, OFFSETS[number], kept | (value & operandWidth.mask()));
    }

    long read(long address, Width operandWidth, boolean onStack) {
        EmulatorAddressSpace.Place[] places =
                places(address, operandWidth, AccessType.READ, onStack);
        if (places.length == 1) {
            MemorySegment memory = places[0].memory();
            long offset = places[0].offset();
            return switch (operandWidth) {
                case BYTE -> memory.get(ValueLayout.JAVA_BYTE, offset) & 0xffL;
                case DOUBLEWORD -> memory.get(INT, offset) & 0xffff_ffffL;
                case QUADWORD -> memory.get(LONG, offset);
            };
        }
        long value = 0;
        for (int i = 0; i < places.length; i++) {
            long part = places[i].memory().get(ValueLayout.JAVA_BYTE, places[i].offset()) & 0xffL;
            value |= part << (i * Byte.SIZE);
        }
        return value;
    }

    void write(long address, Width operandWidth, long value, boolean onStack) {
        EmulatorAddressSpace.Place[] places =
                places(address, operandWidth, AccessType.WRITE, onStack);
        if (places.length == 1) {
            MemorySegment memory = places[0].memory();
            long offset = places[0].offset();
            switch (operandWidth) {
                case BYTE -> memory.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
                case DOUBLEWORD -> memory.set(INT, offset, (int) value);
                case QUADWORD -> memory.set(LONG, offset, value);
            }
            return;
        }
        for (int i = 0; i < places.length; i++) {
            places[i]
                    .memory()
                    .set(
                            ValueLayout.JAVA_BYTE,
                            places[i].offset(),
                            (byte) (value >> (i * Byte.SIZE)));
        }
    }

    /** The guest did what the processor forbids, or what is not emulated. */
    TrapException undefined() {
        return new TrapException(
                new Trap.CpuException(Signal.SIGILL, SignalCode.ILL_ILLOPN, start));
    }

    static TrapException generalProtection() {
        return new TrapException(new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0));
    }

    /** One place, or one for each byte where they lie in two pages. */
    private EmulatorAddressSpace.Place[] places(
            long address, Width operandWidth, AccessType access, boolean onStack) {
        if (onStack && !EmulatorAddressSpace.isCanonical(address)) {
            throw new TrapException(new Trap.CpuException(Signal.SIGBUS, SignalCode.SI_KERNEL, 0));
        }
        long last = address + operandWidth.bytes() - 1;
        if (Pages.floor(address) == Pages.floor(last)) {
            return new EmulatorAddressSpace.Place[] {space.placeLocked(address, access)};
        }
        if (!EmulatorAddressSpace.isCanonical(last)) {
            throw generalProtection();
        }
        EmulatorAddressSpace.Place[] places = new EmulatorAddressSpace.Place[operandWidth.bytes()];
        for (int i = 0; i < places.length; i++) {
            places[i] = space.placeLocked(address + i, access);
        }
        return places;
    }

    private long segmentAddress() {
        return switch (segment) {
            case 0x64 -> registers.fsBase() + address();
            case 0x65 -> registers.gsBase() + address();
            default -> address();
        };
    }

    private boolean isOnStack() {
        return segment == 0 && (base == RSP || base == RBP);
    }

    /** Without a REX prefix, the byte registers 4 to 7 are ah, ch, dh and bh: not emulated. */
    private void requireNoHighByte(int number, Width operandWidth) {
        if (operandWidth == Width.BYTE && rex == 0 && number >= RSP && number <= RDI) {
            throw undefined();
        }
    }
}
