package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.api.host.HostKernel;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Chooses a CPU for each pair of a Java thread and the stub thread that it drives.
 *
 * <p>The two take turns, so on one CPU a round trip costs two switches between threads, where on
 * two it costs two wake-ups across CPUs: measured, 5 against 30 to 60 microseconds. Pairs are
 * spread over the CPUs that the process may use.
 *
 * <p>The system property {@code plinth.ptrace.affinity} is {@code pair} (what is described here,
 * the default) or {@code none} (the host's scheduler decides).
 */
final class CpuPairs {
    /** Choose no CPU. */
    static final int NONE = -1;

    private static final String PROPERTY = "plinth.ptrace.affinity";

    /** CPUs beyond are not used for pairs. */
    private static final int MAX_CPUS = 1024;

    /** The size of a mask. */
    static final int MASK_BYTES = MAX_CPUS / Byte.SIZE;

    private static final ReentrantLock PAIRS_LOCK = new ReentrantLock();

    /**
     * How many pairs a CPU has; guarded by PAIRS_LOCK. Of the whole JVM: platforms of several
     * sandboxes share the CPUs, and would else all begin with the same one.
     */
    private static final int[] PAIRS = new int[MAX_CPUS];

    private final HostKernel host;

    /** What the process may use, immutable; empty if threads are not to be bound. */
    private final BitSet allowed;

    private CpuPairs(HostKernel host, BitSet allowed) {
        this.host = host;
        this.allowed = allowed;
    }

    /** Reads which CPUs the process may use. */
    static CpuPairs of(HostKernel host, Arena arena) {
        String policy = System.getProperty(PROPERTY, "pair");
        BitSet allowed = new BitSet();
        switch (policy) {
            case "none" -> {}
            case "pair" -> {
                // Of the first thread, which nobody binds: the calling one may be half of a pair.
                long pid = host.syscall(SystemCalls.GETPID);
                MemorySegment mask = arena.allocate(MASK_BYTES, Long.BYTES);
                long length =
                        host.syscall(
                                SystemCalls.SCHED_GETAFFINITY, pid, MASK_BYTES, mask.address());
                if (length > 0) {
                    allowed = BitSet.valueOf(mask.asSlice(0, length).asByteBuffer());
                }
                if (allowed.cardinality() == 1) {
                    allowed.clear();
                }
            }
            default ->
                    throw new IllegalArgumentException(
                            PROPERTY + " is neither pair nor none: " + policy);
        }
        return new CpuPairs(host, allowed);
    }

    /**
     * Takes a CPU with the fewest pairs: the one that the calling thread is on if it is among them.
     *
     * @param scratch four bytes of native memory
     * @return its number, to be given back with {@link #release}; or {@link #NONE}
     */
    int take(MemorySegment scratch) {
        if (allowed.isEmpty()) {
            return NONE;
        }
        host.syscall(SystemCalls.GETCPU, scratch.address());
        int current = scratch.get(JAVA_INT, 0);
        PAIRS_LOCK.lock();
        try {
            int best = allowed.get(current) ? current : allowed.nextSetBit(0);
            for (int cpu = allowed.nextSetBit(0); cpu >= 0; cpu = allowed.nextSetBit(cpu + 1)) {
                if (PAIRS[cpu] < PAIRS[best]) {
                    best = cpu;
                }
            }
            PAIRS[best]++;
            return best;
        } finally {
            PAIRS_LOCK.unlock();
        }
    }

    /**
     * Lets threads that the calling thread is about to wait for run where it runs, for the same
     * reason. Best while they sleep: then they move without being stopped.
     */
    void bringHere(int... tids) {
        if (allowed.isEmpty()) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bits = arena.allocate(MASK_BYTES, Long.BYTES);
            host.syscall(SystemCalls.GETCPU, bits.address());
            setTo(bits, bits.get(JAVA_INT, 0));
            CpuMask here = CpuMask.of(bits);
            for (int tid : tids) {
                here.apply(host, tid);
            }
        }
    }

    /** Makes a mask that of one CPU. */
    static void setTo(MemorySegment mask, int cpu) {
        mask.fill((byte) 0);
        mask.set(JAVA_BYTE, cpu / Byte.SIZE, (byte) (1 << cpu % Byte.SIZE));
    }

    /** Gives back a CPU. */
    void release(int cpu) {
        if (cpu == NONE) {
            return;
        }
        PAIRS_LOCK.lock();
        try {
            PAIRS[cpu]--;
        } finally {
            PAIRS_LOCK.unlock();
        }
    }
}
