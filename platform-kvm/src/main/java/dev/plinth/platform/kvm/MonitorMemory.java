package dev.plinth.platform.kvm;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.memory.AccessType;
import dev.plinth.platform.kvm.linux.Fcntl;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.platform.kvm.stub.GuestLayout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The monitor's memory: a sparse file of the host, mapped shared.
 *
 * <p>A file, so that pages can be given back and read as zero again. Any thread may call any method
 * but {@link #close}.
 */
final class MonitorMemory implements AutoCloseable {
    private final HostKernel host;
    private final HostFd file;
    private final HostMemory memory;

    MonitorMemory(HostKernel host) {
        this.host = host;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom("plinth-kvm-monitor");
            long number =
                    host.require(
                            "memfd_create(monitor)",
                            SystemCalls.MEMFD_CREATE,
                            name.address(),
                            Fcntl.MFD_CLOEXEC);
            file = new HostFd(host, (int) number);
        }
        try {
            host.require(
                    "ftruncate(monitor)",
                    SystemCalls.FTRUNCATE,
                    file.number(),
                    GuestLayout.MONITOR_BYTES);
            memory = host.map(file, 0, GuestLayout.MONITOR_BYTES, AccessType.READ_WRITE);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** All of it, from guest physical address zero. */
    MemorySegment segment() {
        return memory.segment();
    }

    /** Gives pages back to the host: they read as zero, and KVM has no translation to them. */
    void discard(long start, long bytes) {
        host.require(
                "fallocate(monitor, FALLOC_FL_PUNCH_HOLE)",
                SystemCalls.FALLOCATE,
                file.number(),
                Fcntl.FALLOC_FL_PUNCH_HOLE | Fcntl.FALLOC_FL_KEEP_SIZE,
                start,
                bytes);
    }

    @Override
    public void close() {
        memory.close();
        file.close();
    }
}
