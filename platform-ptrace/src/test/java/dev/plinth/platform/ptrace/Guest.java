package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
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

    /** In the middle of the page. */
    static final long STACK = 0x60_0800;

    static final int PAGE = 4096;

    final TestingHost memory = new TestingHost(16 << 20);
    final PtracePlatform platform = new PtracePlatform(memory);
    final AddressSpace space = platform.newAddressSpace();
    final ExecutionContext context = platform.newContext();
    final Registers registers = new Registers();

    /** Maps a page for code, one for data and one for the stack. */
    Guest() {
        map(CODE, 0, AccessType.READ_EXECUTE);
        map(DATA, PAGE, AccessType.READ_WRITE);
        map(Pages.floor(STACK), 2 * PAGE, AccessType.READ_WRITE);
        registers.setRip(CODE);
        registers.setRsp(STACK);
        registers.setEflags(0x202);
    }

    void map(long address, long offset, AccessType access) {
        space.map(page(address), memory, offset, access);
    }

    static AddressRange page(long address) {
        return AddressRange.ofLength(Pages.floor(address), PAGE);
    }

    /** Maps the page for code into another address space too. */
    void mapCode(AddressSpace other) {
        other.map(page(CODE), memory, 0, AccessType.READ_EXECUTE);
    }

    /** The process that the address space is of. */
    int pid() {
        return pidOf(space);
    }

    static int pidOf(AddressSpace space) {
        return ((PtraceAddressSpace) space).pid();
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
