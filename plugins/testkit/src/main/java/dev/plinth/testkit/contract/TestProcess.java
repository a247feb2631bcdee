package dev.plinth.testkit.contract;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.testkit.assembler.GuestProgram;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An address space with text, stacks and two units of data.
 *
 * <p>Any thread may call any method but {@link #close}. Addresses that no constant or method names
 * are not mapped: those from {@link #FREE} are for tests.
 */
public final class TestProcess implements AutoCloseable {
    /** Where programs are put, readable and executable. */
    public static final long TEXT = 0x1000_0000;

    /** Where the stacks begin, readable and writable. */
    public static final long STACKS = 0x2000_0000;

    /** Where the data begins, readable and writable; nothing is mapped before and behind it. */
    public static final long DATA = 0x3000_0000;

    /** From here on there is nothing, until a test maps something. */
    public static final long FREE = 0x4000_0000;

    private static final int TEXT_UNITS = 8;
    private static final int STACK_UNITS = 32;
    private static final int DATA_UNITS = 2;
    private static final int STACK_BYTES = 8192;
    private static final int CODE_ALIGNMENT = 64;

    private final PlatformUnderTest owner;
    private final AddressSpace space;
    private final long textOffset;
    private final long dataOffset;
    private final Map<GuestProgram, Long> loaded = new ConcurrentHashMap<>();
    private final AtomicInteger textUsed = new AtomicInteger();
    private final AtomicInteger threads = new AtomicInteger();

    TestProcess(PlatformUnderTest owner, AddressSpace space) {
        this.owner = requireNonNull(owner, "owner is null");
        this.space = requireNonNull(space, "space is null");
        this.textOffset = map(TEXT, TEXT_UNITS, AccessType.READ_EXECUTE);
        map(STACKS, STACK_UNITS, AccessType.READ_WRITE);
        this.dataOffset = map(DATA, DATA_UNITS, AccessType.READ_WRITE);
    }

    /** The address space. */
    public AddressSpace space() {
        return space;
    }

    /** A thread of the process, to be used and closed by the calling thread. */
    public TestThread newThread() {
        long stackTop = STACKS + (threads.incrementAndGet() * (long) STACK_BYTES) % stackBytes();
        return new TestThread(owner.platform().newContext(), this, stackTop + STACK_BYTES / 2);
    }

    /**
     * Puts a program behind those that are there already.
     *
     * @return its address
     */
    public long load(GuestProgram program) {
        byte[] code = program.code();
        int room = (code.length + CODE_ALIGNMENT) & -CODE_ALIGNMENT;
        int at = textUsed.getAndAdd(room);
        if (at + room > TEXT_UNITS * owner.unit()) {
            throw new IllegalStateException("too many programs");
        }
        write(textOffset + at, code);
        return TEXT + at;
    }

    /** Puts a program there unless it is there already; returns its address. */
    public long loadOnce(GuestProgram program) {
        return loaded.computeIfAbsent(program, this::load);
    }

    /** Maps fresh memory; returns its offset in the memory file. */
    public long map(long address, int units, AccessType access) {
        long bytes = units * (long) owner.unit();
        long offset = owner.memory().allocate(bytes);
        map(address, units, offset, access);
        return offset;
    }

    /** Maps memory from an offset in the memory file. */
    public void map(long address, int units, long offset, AccessType access) {
        space.map(range(address, units), owner.memory(), offset, access);
    }

    /** Changes what the guest may do. */
    public void protect(long address, int units, AccessType access) {
        space.protect(range(address, units), access);
    }

    /** Removes mappings. */
    public void unmap(long address, int units) {
        space.unmap(range(address, units));
    }

    /** The address of a unit, counted from an address. */
    public long unit(long address, int units) {
        return address + units * (long) owner.unit();
    }

    /** The first address behind the data, where nothing is mapped. */
    public long dataEnd() {
        return unit(DATA, DATA_UNITS);
    }

    /** The data, as the JVM sees it. */
    public MemorySegment data() {
        return owner.memory().view().asSlice(dataOffset, DATA_UNITS * (long) owner.unit());
    }

    /** The offset of the data in the memory file. */
    public long dataOffset() {
        return dataOffset;
    }

    /** Writes bytes into the memory file. */
    public void write(long offset, byte[] bytes) {
        MemorySegment.copy(
                bytes, 0, owner.memory().view(), ValueLayout.JAVA_BYTE, offset, bytes.length);
    }

    @Override
    public void close() {
        space.close();
    }

    private AddressRange range(long address, int units) {
        return AddressRange.ofLength(address, units * (long) owner.unit());
    }

    private long stackBytes() {
        return STACK_UNITS * (long) owner.unit() - STACK_BYTES;
    }
}
