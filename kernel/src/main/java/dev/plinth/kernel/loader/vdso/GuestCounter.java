package dev.plinth.kernel.loader.vdso;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.time.CounterMeter;

import java.lang.foreign.ValueLayout;

/**
 * Finds out whether guests read the counter that the kernel reads: a virtual machine may give them
 * one with an offset, or at another rate, and a platform may give them none.
 *
 * <p>It runs a guest of its own, of three instructions, in an address space of its own.
 */
final class GuestCounter {
    /** How often the guest's counter is compared. */
    private static final int COMPARISONS = 4;

    private static final int[] CODE = {
        0x0f, 0x31, //             rdtsc
        0x48, 0xc1, 0xe2, 0x20, // shl rdx, 32
        0x48, 0x09, 0xc2, //       or rdx, rax
        0x0f, 0x05, //             syscall
    };

    private GuestCounter() {}

    /**
     * Compares the counters. The calling thread makes an execution context and closes it.
     *
     * @param page in the memory file, for the guest's code; written to
     * @throws dev.plinth.api.host.HostCallException if the platform cannot have one more guest now
     */
    static boolean isHosts(Platform platform, MemoryFile memory, long page, CounterMeter meter) {
        for (int i = 0; i < CODE.length; i++) {
            memory.view().set(ValueLayout.JAVA_BYTE, page + i, (byte) CODE[i]);
        }
        try (AddressSpace space = platform.newAddressSpace();
                ExecutionContext context = platform.newContext()) {
            AddressRange where = AddressRange.ofLength(Vdso.IMAGE, Vdso.PAGE_BYTES);
            space.map(where, memory, page, AccessType.READ_EXECUTE);
            Registers registers = new Registers();
            for (int i = 0; i < COMPARISONS; i++) {
                registers.setRip(Vdso.IMAGE);
                long before = meter.counter();
                Trap trap = context.run(space, registers);
                long after = meter.counter();
                long guests = registers.rdx();
                boolean between = guests - before >= 0 && after - guests >= 0;
                if (!(trap instanceof Trap.SystemCall) || !between) {
                    return false;
                }
            }
            return true;
        }
    }
}
