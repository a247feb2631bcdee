package dev.plinth.testkit.mock;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.Optional;

/**
 * The instructions that the test kit's assembler has methods for, in the encodings that it uses.
 *
 * <p>With them the mock platform can take the contract's programs, and sandboxes whose programs are
 * to go on elsewhere. Everything else is undefined.
 */
final class AssembledInstructions implements InstructionSet {
    private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

    private static final int RAX = 0;
    private static final int RCX = 1;
    private static final int RSP = 4;
    private static final int RSI = 6;
    private static final int RDI = 7;

    private static final long CARRY = 0x1;
    private static final long ZERO = 0x40;
    private static final long SIGN = 0x80;
    private static final long OVERFLOW = 0x800;
    private static final long RESULT_FLAGS = 0x8d5;

    /** In the order of the numbers in machine code, where they lie in user_regs_struct. */
    private static final int[] OFFSETS = {
        80, 88, 96, 40, 152, 32, 104, 112, 72, 64, 56, 48, 24, 16, 8, 0
    };

    /** The instruction ends with a trap. */
    private static final class Stop extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Trap trap;

        Stop(Trap trap) {
            super(trap.toString(), null, false, false);
            this.trap = trap;
        }
    }

    @Override
    public Optional<Trap> execute(Registers registers, MockAddressSpace space) {
        try {
            return new One(registers, space).execute();
        } catch (Stop e) {
            return Optional.of(e.trap);
        }
    }

    /** One instruction under way. */
    private static final class One {
        private final Registers registers;
        private final MockAddressSpace space;
        private final long start;
        private long next;
        private int rex;
        private int register;
        private int other;
        private boolean memory;
        private long address;

        One(Registers registers, MockAddressSpace space) {
            this.registers = registers;
            this.space = space;
            this.start = registers.rip();
            this.next = start;
        }

        Optional<Trap> execute() {
            long segmentBase = 0;
            boolean lock = false;
            boolean repeat = false;
            int opcode = fetch();
            switch (opcode) {
                case 0x64 -> segmentBase = registers.fsBase();
                case 0x65 -> segmentBase = registers.gsBase();
                case 0xf0 -> lock = true;
                case 0xf3 -> repeat = true;
                default -> next--;
            }
            opcode = fetch();
            if ((opcode & 0xf0) == 0x40) {
                rex = opcode;
                opcode = fetch();
            }
            int inOpcode = (opcode & 7) | ((rex & 1) << 3);
            if (repeat) {
                return string(opcode);
            }
            if (lock) {
                return exchangeAndAdd(opcode);
            }
            switch (opcode & 0xf8) {
                case 0x50 -> push(get(inOpcode));
                case 0x58 -> set(inOpcode, pop());
                case 0xb8 -> set(inOpcode, wide() ? number(8) : number(4) & 0xffff_ffffL);
                default -> {
                    return executeOther(opcode, segmentBase);
                }
            }
            return goTo(next);
        }

        private Optional<Trap> executeOther(int opcode, long segmentBase) {
            switch (opcode) {
                case 0x01, 0x09, 0x21, 0x29, 0x31, 0x39, 0x85 -> {
                    modRm();
                    // Writing first: an instruction that reads and writes attempts a write.
                    long left = memory ? load(address, 8, AccessType.WRITE) : get(other);
                    long result = compute(opcode, left, get(register));
                    if (memory) {
                        store(address, 8, result);
                    } else if (opcode != 0x39 && opcode != 0x85) {
                        set(other, result);
                    }
                }
                case 0x81 -> {
                    modRm();
                    long value = number(4);
                    int operation = register & 7;
                    long result = compute(operation * 8 + 1, get(other), value);
                    if (operation != 7) {
                        set(other, result);
                    }
                }
                case 0x88 -> {
                    modRm();
                    store(address, 1, get(register));
                }
                case 0x89 -> {
                    modRm();
                    if (memory) {
                        store(address, wide() ? 8 : 4, get(register));
                    } else {
                        set(other, get(register));
                    }
                }
                case 0x8b -> {
                    modRm();
                    set(register, load(segmentBase + address, wide() ? 8 : 4, AccessType.READ));
                }
                case 0x8d -> {
                    modRm();
                    set(register, address);
                }
                case 0x90 -> {
                    // nop
                }
                case 0xc1 -> {
                    modRm();
                    long count = number(1);
                    set(other, (register & 7) == 4 ? get(other) << count : get(other) >>> count);
                }
                case 0xc3 -> {
                    return goTo(pop());
                }
                case 0xc7 -> {
                    modRm();
                    set(other, number(4));
                }
                case 0xcc -> {
                    goTo(next);
                    return Optional.of(Traps.breakpoint());
                }
                case 0xcd, 0xf4 -> throw new Stop(Traps.generalProtection());
                case 0xe8 -> {
                    long target = relative();
                    push(next);
                    return goTo(target);
                }
                case 0xe9 -> {
                    return goTo(relative());
                }
                case 0xff -> {
                    return incrementOrGo();
                }
                case 0x0f -> {
                    return executeTwoBytes(fetch());
                }
                default -> throw new Stop(Traps.undefined(start));
            }
            return goTo(next);
        }

        private Optional<Trap> executeTwoBytes(int opcode) {
            if ((opcode & 0xf0) == 0x80) {
                long target = relative();
                return goTo(holds(opcode & 0xf) ? target : next);
            }
            switch (opcode) {
                case 0x05 -> {
                    goTo(next);
                    registers.setOrigRax(registers.rax());
                    registers.setRcx(next);
                    registers.setR11(registers.eflags());
                    return Optional.of(Trap.SYSTEM_CALL);
                }
                case 0xb6 -> {
                    modRm();
                    set(register, load(address, 1, AccessType.READ));
                }
                default -> throw new Stop(Traps.undefined(start));
            }
            return goTo(next);
        }

        private Optional<Trap> incrementOrGo() {
            modRm();
            switch (register & 7) {
                case 0, 1 -> {
                    boolean increment = (register & 7) == 0;
                    long carry = registers.eflags() & CARRY;
                    set(other, compute(increment ? 0x01 : 0x29, get(other), 1));
                    registers.setEflags((registers.eflags() & ~CARRY) | carry);
                }
                case 2 -> {
                    long target = get(other);
                    push(next);
                    return goTo(target);
                }
                case 4 -> {
                    return goTo(get(other));
                }
                default -> throw new Stop(Traps.undefined(start));
            }
            return goTo(next);
        }

        private Optional<Trap> string(int opcode) {
            if (opcode != 0xa4 && opcode != 0xaa) {
                throw new Stop(Traps.undefined(start));
            }
            if (get(RCX) == 0) {
                return goTo(next);
            }
            boolean move = opcode == 0xa4;
            store(get(RDI), 1, move ? load(get(RSI), 1, AccessType.READ) : get(RAX));
            set(RDI, get(RDI) + 1);
            set(RSI, get(RSI) + (move ? 1 : 0));
            set(RCX, get(RCX) - 1);
            return Optional.empty();
        }

        private Optional<Trap> exchangeAndAdd(int opcode) {
            boolean known = opcode == 0x0f && fetch() == 0xc1;
            if (!known) {
                throw new Stop(Traps.undefined(start));
            }
            modRm();
            long[] before = new long[1];
            long added = get(register);
            access(
                    address,
                    8,
                    AccessType.WRITE,
                    (segment, offset, length, done) ->
                            before[0] = (long) WORD.getAndAdd(segment, offset, added));
            compute(0x01, before[0], added);
            set(register, before[0]);
            return goTo(next);
        }

        /** The forms of the assembler: a register, a register and 32 bits, or the label form. */
        private void modRm() {
            int modRm = fetch();
            register = ((modRm >> 3) & 7) | ((rex & 4) << 1);
            other = (modRm & 7) | ((rex & 1) << 3);
            switch (modRm >> 6) {
                case 3 -> memory = false;
                case 2 -> {
                    memory = true;
                    if ((modRm & 7) == RSP) {
                        fetch();
                    }
                    address = get(other) + number(4);
                }
                default -> {
                    memory = true;
                    address = number(4) + next;
                }
            }
        }

        private long compute(int opcode, long left, long right) {
            long flags = registers.eflags() & ~RESULT_FLAGS;
            long result;
            switch (opcode) {
                case 0x01 -> {
                    result = left + right;
                    flags |= Long.compareUnsigned(result, left) < 0 ? CARRY : 0;
                    flags |= ((left ^ result) & (right ^ result)) < 0 ? OVERFLOW : 0;
                }
                case 0x29, 0x39 -> {
                    result = left - right;
                    flags |= Long.compareUnsigned(left, right) < 0 ? CARRY : 0;
                    flags |= ((left ^ right) & (left ^ result)) < 0 ? OVERFLOW : 0;
                }
                case 0x09 -> result = left | right;
                case 0x21, 0x85 -> result = left & right;
                case 0x31 -> result = left ^ right;
                default -> throw new Stop(Traps.undefined(start));
            }
            flags |= (result == 0 ? ZERO : 0) | (result < 0 ? SIGN : 0);
            registers.setEflags(flags);
            return result;
        }

        private boolean holds(int condition) {
            long flags = registers.eflags();
            boolean less = ((flags & SIGN) != 0) != ((flags & OVERFLOW) != 0);
            boolean zero = (flags & ZERO) != 0;
            boolean holds =
                    switch (condition >> 1) {
                        case 0 -> (flags & OVERFLOW) != 0;
                        case 1 -> (flags & CARRY) != 0;
                        case 2 -> zero;
                        case 3 -> zero || (flags & CARRY) != 0;
                        case 4 -> (flags & SIGN) != 0;
                        case 6 -> less;
                        case 7 -> zero || less;
                        default -> throw new Stop(Traps.undefined(start));
                    };
            return holds != ((condition & 1) != 0);
        }

        private Optional<Trap> goTo(long target) {
            if (!MockAddressSpace.isCanonical(target)) {
                throw new Stop(Traps.generalProtection());
            }
            registers.setRip(target);
            return Optional.empty();
        }

        private void push(long value) {
            long top = requireStack(get(RSP) - 8);
            store(top, 8, value);
            set(RSP, top);
        }

        private long pop() {
            long value = load(requireStack(get(RSP)), 8, AccessType.READ);
            set(RSP, get(RSP) + 8);
            return value;
        }

        private static long requireStack(long top) {
            if (!MockAddressSpace.isCanonical(top)) {
                throw new Stop(Traps.stackFault());
            }
            return top;
        }

        private boolean wide() {
            return (rex & 8) != 0;
        }

        private long get(int number) {
            return registers.segment().get(ValueLayout.JAVA_LONG, OFFSETS[number]);
        }

        private void set(int number, long value) {
            registers.segment().set(ValueLayout.JAVA_LONG, OFFSETS[number], value);
        }

        private int fetch() {
            byte[] value = new byte[1];
            access(
                    next,
                    1,
                    AccessType.EXECUTE,
                    (segment, offset, length, done) ->
                            value[0] = segment.get(ValueLayout.JAVA_BYTE, offset));
            next++;
            return value[0] & 0xff;
        }

        private long number(int bytes) {
            long value = 0;
            for (int i = 0; i < bytes; i++) {
                value |= (long) fetch() << (8 * i);
            }
            int unused = Long.SIZE - 8 * bytes;
            return (value << unused) >> unused;
        }

        private long relative() {
            long distance = number(4);
            return next + distance;
        }

        private long load(long from, int bytes, AccessType kind) {
            long[] value = new long[1];
            MemorySegment target = MemorySegment.ofArray(value);
            access(
                    from,
                    bytes,
                    kind,
                    (segment, offset, length, done) ->
                            MemorySegment.copy(segment, offset, target, done, length));
            return value[0];
        }

        private void store(long to, int bytes, long value) {
            MemorySegment source = MemorySegment.ofArray(new long[] {value});
            access(
                    to,
                    bytes,
                    AccessType.WRITE,
                    (segment, offset, length, done) ->
                            MemorySegment.copy(source, done, segment, offset, length));
        }

        private void access(long at, int length, AccessType kind, MockAddressSpace.Touch touch) {
            Optional<Trap> refusal = space.access(at, length, kind, touch);
            if (refusal.isPresent()) {
                throw new Stop(refusal.get());
            }
        }
    }
}
