package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostKernel;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The CPU of one pair of threads: binds the calling thread to it, and the stub thread by way of
 * {@link #mask()}. Confined to the calling thread.
 */
final class PairedCpu implements AutoCloseable {
    private final HostKernel host;
    private final CpuPairs pairs;
    private final int cpu;
    private final CpuMask mask;

    /** What the thread had before. */
    private final CpuMask before;

    PairedCpu(HostKernel host, Arena arena, CpuPairs pairs) {
        this.host = host;
        this.pairs = pairs;
        MemorySegment bits = arena.allocate(CpuPairs.MASK_BYTES, Long.BYTES);
        cpu = pairs.take(bits);
        if (cpu == CpuPairs.NONE) {
            mask = CpuMask.ANY;
            before = CpuMask.ANY;
            return;
        }
        MemorySegment old = arena.allocate(CpuPairs.MASK_BYTES, Long.BYTES);
        long length =
                host.syscall(SystemCalls.SCHED_GETAFFINITY, 0, CpuPairs.MASK_BYTES, old.address());
        before = length > 0 ? CpuMask.of(old.asSlice(0, length)) : CpuMask.ANY;
        CpuPairs.setTo(bits, cpu);
        mask = CpuMask.of(bits);
        mask.apply(host, 0);
    }

    /** The one CPU; {@link CpuMask#ANY} if threads are not bound. */
    CpuMask mask() {
        return mask;
    }

    /** Lets the calling thread run where it could before. */
    @Override
    public void close() {
        before.apply(host, 0);
        pairs.release(cpu);
    }
}
