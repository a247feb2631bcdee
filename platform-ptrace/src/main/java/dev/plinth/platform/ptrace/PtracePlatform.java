package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.platform.ptrace.linux.Xsave;
import dev.plinth.platform.ptrace.stub.StubLayout;
import dev.plinth.platform.ptrace.stub.StubPage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/** Guest threads are threads of traced stub processes; an address space is a stub process. */
final class PtracePlatform implements Platform {
    private static final int MAX_CONTEXTS = 1 << 14;

    /** Lower addresses are refused to whoever has not CAP_SYS_RAWIO, whatever the host's limit. */
    private static final long MIN_USER_ADDRESS = 0x1_0000;

    // linux/auxvec.h
    private static final long AT_HWCAP = 16;
    private static final long AT_HWCAP2 = 26;

    private final HostKernel host;
    private final List<BackingFile> backingFiles;
    private final CpuPairs pairs;
    private final BatchPages batchPages;
    private final UsedStubs usedStubs;
    private final MasterThread master;
    private final PlatformCapabilities capabilities;
    private final AtomicInteger openContexts = new AtomicInteger();
    private final ReentrantLock spacesLock = new ReentrantLock();

    /** Guarded by spacesLock. */
    private final Set<PtraceAddressSpace> openSpaces = new HashSet<>();

    /** Guarded by spacesLock. */
    private boolean closed;

    PtracePlatform(PlatformContext context) {
        host = context.host();
        backingFiles = new ArrayList<>(context.backingFiles());
        try (Arena arena = Arena.ofConfined()) {
            pairs = CpuPairs.of(host, arena);
            batchPages = new BatchPages(host, arena);
            usedStubs = new UsedStubs(host, batchPages);
            MasterThread started = null;
            try {
                started = new MasterThread(host, pairs, batchPages.file(), backingFiles);
                capabilities = capabilities(host, arena, started.initialVectorState());
            } catch (RuntimeException e) {
                if (started != null) {
                    started.close();
                }
                batchPages.close();
                throw e;
            }
            master = started;
        }
    }

    private static PlatformCapabilities capabilities(
            HostKernel host, Arena arena, byte[] vectorState) {
        long lowest =
                HostFiles.readNumber(host, arena, "/proc/sys/vm/mmap_min_addr", MIN_USER_ADDRESS);
        return new PlatformCapabilities(
                new AddressRange(
                        Pages.ceil(Math.max(lowest, MIN_USER_ADDRESS)), StubLayout.BATCH_PAGE),
                Pages.SIZE,
                MAX_CONTEXTS,
                cpu(host, arena, vectorState),
                Set.of(
                        PlatformFeature.NATIVE_CODE,
                        PlatformFeature.SINGLE_STEP,
                        PlatformFeature.VECTOR_STATE,
                        PlatformFeature.SHARED_ADDRESS_SPACE));
    }

    private static CpuFeatures cpu(HostKernel host, Arena arena, byte[] vectorState) {
        MemorySegment auxv = HostFiles.read(host, arena, "/proc/self/auxv", 4096);
        long hwcap = 0;
        long hwcap2 = 0;
        for (long at = 0; at + 16 <= auxv.byteSize(); at += 16) {
            long type = auxv.get(JAVA_LONG, at);
            if (type == AT_HWCAP) {
                hwcap = auxv.get(JAVA_LONG, at + 8);
            } else if (type == AT_HWCAP2) {
                hwcap2 = auxv.get(JAVA_LONG, at + 8);
            }
        }
        long xcr0 =
                MemorySegment.ofArray(vectorState).get(JAVA_LONG_UNALIGNED, Xsave.SOFTWARE_XCR0);
        return new CpuFeatures(hwcap, hwcap2, xcr0, vectorState.length);
    }

    @Override
    public PlatformCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public AddressSpace newAddressSpace() {
        requireOpen();
        Optional<UsedStubs.Stub> used = usedStubs.take();
        PtraceAddressSpace space =
                used.isPresent() ? PtraceAddressSpace.inUsed(this, used.get()) : newProcess();
        spacesLock.lock();
        try {
            openSpaces.add(space);
        } finally {
            spacesLock.unlock();
        }
        return space;
    }

    private PtraceAddressSpace newProcess() {
        int page = batchPages.take();
        StubProcess process;
        boolean done = false;
        try {
            process = master.newProcess(BatchPages.offset(page));
            done = true;
        } finally {
            if (!done) {
                batchPages.free(page);
            }
        }
        return PtraceAddressSpace.inNew(this, process, page);
    }

    @Override
    public ExecutionContext newContext() {
        requireOpen();
        if (openContexts.incrementAndGet() > MAX_CONTEXTS) {
            openContexts.decrementAndGet();
            throw new IllegalStateException("too many contexts: " + MAX_CONTEXTS);
        }
        return new PtraceContext(this);
    }

    @Override
    public void close() {
        List<PtraceAddressSpace> left;
        spacesLock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            left = new ArrayList<>(openSpaces);
        } finally {
            spacesLock.unlock();
        }
        for (PtraceAddressSpace space : left) {
            space.close();
        }
        usedStubs.close();
        // So that nothing of the platform is left on the host when this returns. A context that was
        // left open, against the rules, has a tracee that only its own thread can wait for.
        master.close(openContexts.get() == 0);
        batchPages.close();
    }

    private void requireOpen() {
        spacesLock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the platform is closed");
            }
        } finally {
            spacesLock.unlock();
        }
    }

    HostKernel host() {
        return host;
    }

    StubPage page() {
        return master.page();
    }

    CpuPairs pairs() {
        return pairs;
    }

    BatchPages batchPages() {
        return batchPages;
    }

    UsedStubs usedStubs() {
        return usedStubs;
    }

    byte[] initialVectorState() {
        return master.initialVectorState();
    }

    /** The descriptor in every stub of a file that the platform was created with. */
    @SuppressWarnings("ReferenceEquality") // That is how the api says which file is which.
    int descriptorOf(BackingFile file) {
        for (int i = 0; i < backingFiles.size(); i++) {
            if (backingFiles.get(i) == file) {
                return StubLayout.FIRST_BACKING_FD + i;
            }
        }
        throw new IllegalArgumentException("not a file that the platform was created with");
    }

    /** Takes note that a context is closed. */
    void forget(PtraceContext context) {
        openContexts.decrementAndGet();
    }

    /** Takes note that an address space's process is gone. */
    void forget(PtraceAddressSpace space) {
        spacesLock.lock();
        try {
            openSpaces.remove(space);
        } finally {
            spacesLock.unlock();
        }
    }
}
