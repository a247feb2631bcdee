package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/**
 * A platform with one address space and one context of the calling thread, to run machine code in.
 */
final class Guest implements AutoCloseable {
    static final long CODE = 0x40_0000;
    static final long DATA = 0x50_0000;
    static final long STACK = 0x60_0000;
    static final int PAGE = 4096;

    /** The first offset in the memory file that no mapping uses. */
    static final long FREE = 4 * PAGE;

    final TestingHost memory;
    final KvmPlatform platform;
    final AddressSpace space;
    final ExecutionContext context;
    final Registers registers = new Registers();

    Guest() {
        this(Integer.MAX_VALUE);
    }

    /** Maps a page for code, one for data and one for the stack. */
    Guest(int maxVcpus) {
        memory = new TestingHost(1L << 30);
        platform = new KvmPlatform(memory, maxVcpus);
        space = platform.newAddressSpace();
        context = platform.newContext();
        map(CODE, 0, AccessType.READ_EXECUTE);
        map(DATA, PAGE, AccessType.READ_WRITE);
        map(STACK - PAGE, 2 * PAGE, AccessType.READ_WRITE);
        reset(registers);
    }

    static void reset(Registers registers) {
        registers.setRip(CODE);
        registers.setRsp(STACK);
        registers.setEflags(0x202);
    }

    void map(long address, long offset, AccessType access) {
        space.map(page(address), memory, offset, access);
    }

    static AddressRange page(long address) {
        return AddressRange.ofLength(address, PAGE);
    }

    /** Writes machine code, in hexadecimal, to the code page. */
    Guest code(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        MemorySegment.copy(bytes, 0, memory.view(), JAVA_BYTE, 0, bytes.length);
        return this;
    }

    Trap run() {
        return context.run(space, registers);
    }

    @Override
    public void close() {
        context.close();
        space.close();
        platform.close();
        memory.close();
    }
}
