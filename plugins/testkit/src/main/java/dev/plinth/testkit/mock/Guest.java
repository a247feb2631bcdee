package dev.plinth.testkit.mock;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntUnaryOperator;
import java.util.function.LongConsumer;

/**
 * The processor, as a guest program sees it.
 *
 * <p>Each method is an instruction or a few, each two bytes long. Any of them may stop for an
 * interrupt, a fault or a system call; the kernel then has the word, and when it lets the program
 * go on, a memory access is tried again, unless the kernel has moved the instruction pointer behind
 * it: then it is left out. A program that computes without calling any method cannot be
 * interrupted: it calls {@link #spin}.
 *
 * <p>Used by the thread that runs the program, and by no other.
 */
public final class Guest {
    private static final long SYS_EXIT_GROUP = 231;
    private static final int MAX_STRING = 1 << 16;
    private static final long SPIN_NANOS = 50_000;

    private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();
    private static final VarHandle LONG = ValueLayout.JAVA_LONG.varHandle();

    private final MockContext context;
    private final Activation activation;
    private final long base;

    Guest(MockContext context, Activation activation, long base) {
        this.context = context;
        this.activation = activation;
        this.base = base;
    }

    /**
     * The registers, the same object all the time; what is set here is what the kernel sees at the
     * next trap.
     *
     * <p>The instruction pointer moves by itself; to set it is of no use, see {@link #jump}.
     */
    public Registers registers() {
        return context.registers();
    }

    /** The vector state, an XSAVE area with x87 and SSE state. */
    public MemorySegment vectorState() {
        return context.vectorState().area();
    }

    /** Where this program's bytes are. */
    public long address() {
        return base;
    }

    /**
     * Where another program's bytes are, if this one was started in an executable that has both.
     */
    public long addressOf(MockProgram other) {
        return base - activation.program().address() + other.address();
    }

    /**
     * Makes a system call.
     *
     * @param number goes to rax
     * @param arguments go to rdi, rsi, rdx, r10, r8 and r9, as far as there are any
     * @return rax behind it
     */
    public long syscall(long number, long... arguments) {
        setArguments(number, arguments);
        return syscallReturningTo(base + MockCode.SYSCALL_OFFSET + MockCode.INSTRUCTION_BYTES);
    }

    /**
     * Makes a system call that may return a second time, in a new process or thread: clone(2),
     * fork(2), vfork(2).
     *
     * <p>It is as if the instruction {@code syscall} stood right in front of {@code child}: a guest
     * thread that the kernel starts with a copy of these registers executes that program. This one
     * goes on behind the call.
     *
     * @param child in the same executable as this program
     * @param number goes to rax
     * @param arguments go to rdi, rsi, rdx, r10, r8 and r9, as far as there are any
     * @return rax behind it, here
     */
    public long fork(MockProgram child, long number, long... arguments) {
        setArguments(number, arguments);
        return syscallReturningTo(addressOf(child));
    }

    /** Ends the process, by exit_group(2). */
    public void exit(int status) {
        syscall(SYS_EXIT_GROUP, status);
        while (true) {
            generalProtection();
        }
    }

    /** Reads the byte at the address, so that a fault comes if it cannot be read. */
    public void touch(long address) {
        loadByte(address);
    }

    /** Reads a byte. */
    public byte loadByte(long address) {
        return load(address, 1)[0];
    }

    /** Reads four bytes; aligned, it is one access. */
    public int loadInt(long address) {
        int[] value = new int[1];
        if (address % Integer.BYTES != 0) {
            access(
                    address,
                    Integer.BYTES,
                    AccessType.READ,
                    (memory, offset, length, done) ->
                            MemorySegment.copy(
                                    memory, offset, MemorySegment.ofArray(value), done, length));
        } else {
            access(
                    address,
                    Integer.BYTES,
                    AccessType.READ,
                    (memory, offset, length, done) ->
                            value[0] = (int) INT.getVolatile(memory, offset));
        }
        return value[0];
    }

    /** Reads eight bytes; aligned, it is one access. */
    public long loadLong(long address) {
        long[] value = new long[1];
        if (address % Long.BYTES != 0) {
            access(
                    address,
                    Long.BYTES,
                    AccessType.READ,
                    (memory, offset, length, done) ->
                            MemorySegment.copy(
                                    memory, offset, MemorySegment.ofArray(value), done, length));
        } else {
            access(
                    address,
                    Long.BYTES,
                    AccessType.READ,
                    (memory, offset, length, done) ->
                            value[0] = (long) LONG.getVolatile(memory, offset));
        }
        return value[0];
    }

    /** Reads bytes, from the first on: a fault is at the first that cannot be read. */
    public byte[] load(long address, int length) {
        byte[] value = new byte[length];
        copy(
                address,
                length,
                AccessType.READ,
                (memory, offset, from, count) ->
                        MemorySegment.copy(
                                memory, ValueLayout.JAVA_BYTE, offset, value, from, count));
        return value;
    }

    /** Reads a string that ends with a zero byte. */
    public String loadString(long address) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (long at = address; bytes.size() < MAX_STRING; at++) {
            byte value = loadByte(at);
            if (value == 0) {
                return bytes.toString(StandardCharsets.UTF_8);
            }
            bytes.write(value);
        }
        throw new IllegalStateException("no string at 0x" + Long.toHexString(address));
    }

    /** Writes a byte. */
    public void storeByte(long address, byte value) {
        store(address, new byte[] {value});
    }

    /** Writes four bytes; aligned, it is one access. */
    public void storeInt(long address, int value) {
        if (address % Integer.BYTES != 0) {
            MemorySegment source = MemorySegment.ofArray(new int[] {value});
            access(
                    address,
                    Integer.BYTES,
                    AccessType.WRITE,
                    (memory, offset, length, done) ->
                            MemorySegment.copy(source, done, memory, offset, length));
        } else {
            access(
                    address,
                    Integer.BYTES,
                    AccessType.WRITE,
                    (memory, offset, length, done) -> INT.setVolatile(memory, offset, value));
        }
    }

    /** Writes eight bytes; aligned, it is one access. */
    public void storeLong(long address, long value) {
        if (address % Long.BYTES != 0) {
            MemorySegment source = MemorySegment.ofArray(new long[] {value});
            access(
                    address,
                    Long.BYTES,
                    AccessType.WRITE,
                    (memory, offset, length, done) ->
                            MemorySegment.copy(source, done, memory, offset, length));
        } else {
            access(
                    address,
                    Long.BYTES,
                    AccessType.WRITE,
                    (memory, offset, length, done) -> LONG.setVolatile(memory, offset, value));
        }
    }

    /** Writes bytes, from the first on: a fault is at the first that cannot be written. */
    public void store(long address, byte[] value) {
        copy(
                address,
                value.length,
                AccessType.WRITE,
                (memory, offset, from, count) ->
                        MemorySegment.copy(
                                value, from, memory, ValueLayout.JAVA_BYTE, offset, count));
    }

    /** Writes a string and a zero byte behind it. */
    public void storeString(long address, String value) {
        store(address, (value + "\0").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Changes four bytes atomically.
     *
     * @param address aligned
     * @return what was there before
     */
    public int update(long address, IntUnaryOperator change) {
        if (address % Integer.BYTES != 0) {
            throw new IllegalArgumentException("not aligned: 0x" + Long.toHexString(address));
        }
        int[] before = new int[1];
        access(
                address,
                Integer.BYTES,
                AccessType.WRITE,
                (memory, offset, length, done) -> {
                    do {
                        before[0] = (int) INT.getVolatile(memory, offset);
                    } while (!INT.compareAndSet(
                            memory, offset, before[0], change.applyAsInt(before[0])));
                });
        return before[0];
    }

    /** Pushes eight bytes on the stack. */
    public void push(long value) {
        long top = registers().rsp() - Long.BYTES;
        requireStack(top);
        storeLong(top, value);
        registers().setRsp(top);
    }

    /** Pops eight bytes from the stack. */
    public long pop() {
        long top = registers().rsp();
        requireStack(top);
        long value = loadLong(top);
        registers().setRsp(top + Long.BYTES);
        return value;
    }

    /** Executes another program, or whatever is at the address, and never comes back. */
    public void jump(long address) {
        registers().setRip(address);
        throw activation.jump();
    }

    /** Executes the program at the address on the same stack, until it returns. */
    public void call(long address) {
        long returnAddress = base + MockCode.WORK_OFFSET;
        push(returnAddress);
        registers().setRip(address);
        activation.call(returnAddress, registers().rsp() + Long.BYTES, context);
    }

    /** One turn of a loop that computes and touches no memory. */
    public void spin() {
        step(base + MockCode.WORK_OFFSET);
        LockSupport.parkNanos(SPIN_NANOS);
    }

    /** Executes {@code ud2}, again and again, until the kernel lets the program go on behind it. */
    public void undefinedInstruction() {
        raise(Traps.undefined(base + MockCode.WORK_OFFSET));
    }

    /** Divides by zero, again and again, until the kernel lets the program go on behind it. */
    public void divideByZero() {
        raise(Traps.divideError(base + MockCode.WORK_OFFSET));
    }

    /** Executes {@code hlt}, again and again, until the kernel lets the program go on behind it. */
    public void generalProtection() {
        raise(Traps.generalProtection());
    }

    /** Executes {@code int3}; goes on behind it. */
    public void breakpoint() {
        step(base + MockCode.WORK_OFFSET);
        registers().setRip(base + MockCode.WORK_OFFSET + MockCode.INSTRUCTION_BYTES);
        trap(Traps.breakpoint());
    }

    /** Executes {@code ret}, which this program does not survive. */
    void ret() {
        jump(pop());
    }

    private void requireStack(long address) {
        if (!MockAddressSpace.isCanonical(address)) {
            raise(Traps.stackFault());
        }
    }

    private void raise(Trap trap) {
        long instruction = base + MockCode.WORK_OFFSET;
        do {
            step(instruction);
            trap(trap);
        } while (registers().rip() == instruction);
    }

    private void setArguments(long number, long[] arguments) {
        List<LongConsumer> argumentRegisters =
                List.of(
                        registers()::setRdi,
                        registers()::setRsi,
                        registers()::setRdx,
                        registers()::setR10,
                        registers()::setR8,
                        registers()::setR9);
        registers().setRax(number);
        for (int i = 0; i < arguments.length; i++) {
            argumentRegisters.get(i).accept(arguments[i]);
        }
    }

    private long syscallReturningTo(long behind) {
        Registers registers = registers();
        // The kernel repeats a call by setting the instruction pointer back by two bytes.
        long repeated = behind - MockCode.INSTRUCTION_BYTES;
        do {
            step(base + MockCode.SYSCALL_OFFSET);
            registers.setRip(behind);
            registers.setOrigRax(registers.rax());
            registers.setRcx(behind);
            registers.setR11(registers.eflags());
            activation.trap(Trap.SYSTEM_CALL, context, repeated);
        } while (registers.rip() == repeated);
        return registers.rax();
    }

    private void copy(long address, int length, AccessType kind, MockAddressSpace.Touch touch) {
        for (int done = 0; done < length; ) {
            int from = done;
            int part = MockAddressSpace.lengthInPage(address + done, length - done);
            access(
                    address + done,
                    part,
                    kind,
                    (memory, offset, count, ignored) -> touch.touch(memory, offset, from, count));
            done += part;
        }
    }

    private void access(long address, int length, AccessType kind, MockAddressSpace.Touch touch) {
        long instruction = base + MockCode.WORK_OFFSET;
        do {
            step(instruction);
            Optional<Trap> refusal = context.space().access(address, length, kind, touch);
            if (refusal.isEmpty()) {
                return;
            }
            trap(refusal.get());
        } while (registers().rip() == instruction);
    }

    /** Comes to an instruction: it can be fetched, and no interrupt is to be taken before it. */
    private void step(long instruction) {
        registers().setRip(instruction);
        while (true) {
            Optional<Trap> stop =
                    context.takeInterrupt()
                            ? Optional.of(Trap.INTERRUPTED)
                            : context.space().fetch(instruction);
            if (stop.isEmpty()) {
                return;
            }
            activation.trap(stop.get(), context, instruction);
        }
    }

    private void trap(Trap trap) {
        long rip = registers().rip();
        activation.trap(trap, context, rip + MockCode.INSTRUCTION_BYTES);
    }
}
