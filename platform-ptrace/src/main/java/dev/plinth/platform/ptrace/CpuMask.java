package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostKernel;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import java.lang.foreign.MemorySegment;

/**
 * A set of CPUs that threads may run on, as sched_setaffinity(2) takes it.
 *
 * <p>Confined to the thread that owns the memory. Where threads run is a matter of speed only, so a
 * refusal (the administrator took the CPUs away) is not an error.
 */
record CpuMask(long address, long length) {
    /** Leaves threads where they are. */
    static final CpuMask ANY = new CpuMask(0, 0);

    /** A mask in native memory, which must live as long as the mask is used. */
    static CpuMask of(MemorySegment memory) {
        return new CpuMask(memory.address(), memory.byteSize());
    }

    /** Lets a thread run on these CPUs only; zero is the calling thread. */
    void apply(HostKernel host, int tid) {
        if (length != 0) {
            host.syscall(SystemCalls.SCHED_SETAFFINITY, tid, length, address);
        }
    }
}
