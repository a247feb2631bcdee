package dev.plinth.platform.kvm;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.platform.kvm.linux.Mman;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.platform.kvm.stub.GuestLayout;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The guest physical memory: the monitor's, and behind it the backing files, each at a place of its
 * own for the virtual machine's life.
 *
 * <p>KVM keeps an array with an entry for each page that it is given, so it is given large pieces,
 * and those only when something in them is used: a piece of 1 GiB takes 0.3 ms, one of 64 GiB 415
 * ms and 120 MB of the host's memory.
 *
 * <p>Any thread may call any method.
 */
final class GuestMemory {
    private static final long MONITOR_PIECE_BYTES = 64L << 20;
    private static final long FILE_PIECE_BYTES = 1L << 30;

    private final HostKernel host;
    private final KvmVm vm;
    private final Region monitorRegion;
    private final IdentityHashMap<BackingFile, Region> fileRegions = new IdentityHashMap<>();

    private final ReentrantLock piecesLock = new ReentrantLock();

    /** Which pieces KVM has, by slot. */
    @GuardedBy("piecesLock")
    private final BitSet known = new BitSet();

    /** A contiguous part of the guest physical memory. */
    private record Region(long start, MemorySegment memory, long pieceBytes, int firstSlot) {
        long end() {
            return start + memory.byteSize();
        }

        int pieces() {
            return Math.toIntExact((memory.byteSize() + pieceBytes - 1) / pieceBytes);
        }
    }

    /**
     * Lays out the memory.
     *
     * @param monitor outlives the virtual machine
     * @param files as the platform was given them
     * @param addressBits of a guest physical address
     * @throws HostCallException if all of it does not fit
     */
    GuestMemory(
            HostKernel host,
            KvmVm vm,
            MemorySegment monitor,
            List<BackingFile> files,
            int addressBits) {
        this.host = host;
        this.vm = vm;
        monitorRegion = new Region(0, monitor, MONITOR_PIECE_BYTES, 0);
        Region last = monitorRegion;
        long start = GuestLayout.GUEST_MEMORY;
        for (BackingFile file : files) {
            MemorySegment view = file.view();
            last = new Region(start, view, FILE_PIECE_BYTES, last.firstSlot() + last.pieces());
            fileRegions.put(file, last);
            start += (view.byteSize() + FILE_PIECE_BYTES - 1) & -FILE_PIECE_BYTES;
        }
        if (start > 1L << addressBits) {
            throw new HostCallException(
                    "a virtual machine of 2^%d bytes with files up to 0x%x"
                            .formatted(addressBits, start),
                    Errno.ENOMEM);
        }
    }

    /**
     * The guest physical address of a range of a file, which KVM knows from then on.
     *
     * @throws IllegalArgumentException if it is no range of a file of the platform
     * @throws HostCallException if the host refuses
     */
    long locate(BackingFile file, long offset, long bytes) {
        Region region = fileRegions.get(file);
        if (region == null) {
            throw new IllegalArgumentException("not a file that the platform was created with");
        }
        if (offset < 0 || bytes > region.memory().byteSize() - offset) {
            throw new IllegalArgumentException(
                    "not in the file: 0x%x + 0x%x".formatted(offset, bytes));
        }
        announce(region, offset, bytes);
        return region.start() + offset;
    }

    /** Makes a range of the monitor's memory known to KVM. */
    void announceMonitor(long start, long bytes) {
        announce(monitorRegion, start, bytes);
    }

    private void announce(Region region, long offset, long bytes) {
        long size = region.pieceBytes();
        piecesLock.lock();
        try {
            for (long piece = offset / size; piece * size < offset + bytes; piece++) {
                int slot = region.firstSlot() + (int) piece;
                if (!known.get(slot)) {
                    long start = piece * size;
                    long length = Math.min(size, region.memory().byteSize() - start);
                    vm.addMemory(
                            slot, region.start() + start, region.memory().asSlice(start, length));
                    known.set(slot);
                }
            }
        } finally {
            piecesLock.unlock();
        }
    }

    /** The part of a file that is behind a range of guest physical addresses. */
    MemorySegment slice(long start, long bytes) {
        for (Region region : fileRegions.values()) {
            if (start >= region.start() && start + bytes <= region.end()) {
                return region.memory().asSlice(start - region.start(), bytes);
            }
        }
        throw new IllegalArgumentException(
                "no guest memory at 0x%x + 0x%x".formatted(start, bytes));
    }

    /**
     * Has KVM drop every translation to a range, in every address space and on every vCPU, before
     * this returns. The memory keeps what it holds.
     *
     * <p>It is mapped shared into this process, so that giving up the pages of that mapping loses
     * nothing; the host tells KVM of it, and KVM waits until no vCPU uses them any more.
     */
    void dropTranslations(long start, long bytes) {
        MemorySegment memory = slice(start, bytes);
        long result =
                host.syscall(SystemCalls.MADVISE, memory.address(), bytes, Mman.MADV_DONTNEED);
        if (Errno.isError(result)) {
            throw HostCallException.ofResult(
                    "madvise(guest memory)",
                    new long[] {memory.address(), bytes, Mman.MADV_DONTNEED},
                    result);
        }
    }
}
