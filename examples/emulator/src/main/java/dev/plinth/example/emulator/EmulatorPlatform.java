package dev.plinth.example.emulator;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The emulator of one sandbox. */
final class EmulatorPlatform implements Platform {
    private static final Logger log = LoggerFactory.getLogger(EmulatorPlatform.class);

    private static final int MAX_CONTEXTS = 256;

    private static final PlatformCapabilities CAPABILITIES =
            new PlatformCapabilities(
                    // From Linux's lowest (vm.mmap_min_addr) to its highest (TASK_SIZE_MAX).
                    new AddressRange(0x10000, 0x7fff_ffff_f000L),
                    Pages.SIZE,
                    MAX_CONTEXTS,
                    // A processor without any of the features that programs ask for.
                    new CpuFeatures(0, 0, 0, 0),
                    Set.of(PlatformFeature.SHARED_ADDRESS_SPACE));

    /** By identity; immutable after construction. */
    private final Set<BackingFile> files = Collections.newSetFromMap(new IdentityHashMap<>());

    /** The opcodes that the log has named already. */
    private final Set<Integer> reported = ConcurrentHashMap.newKeySet();

    private final AtomicInteger openContexts = new AtomicInteger();

    private volatile boolean closed;

    EmulatorPlatform(List<BackingFile> files) {
        this.files.addAll(files);
    }

    @Override
    public PlatformCapabilities capabilities() {
        return CAPABILITIES;
    }

    @Override
    public AddressSpace newAddressSpace() {
        requireOpen();
        return new EmulatorAddressSpace(this);
    }

    @Override
    public ExecutionContext newContext() {
        requireOpen();
        if (openContexts.incrementAndGet() > MAX_CONTEXTS) {
            openContexts.decrementAndGet();
            throw new HostCallException("new context", Errno.EAGAIN);
        }
        return new EmulatorContext(this);
    }

    /** Nothing to do: an emulator has nothing on the host. */
    @Override
    public void close() {
        closed = true;
    }

    /** Tells the operator that a program needs more than this; once for each opcode. */
    void reportNotEmulated(int opcode, long address) {
        if (reported.add(opcode)) {
            log.info(
                    "not emulated: opcode 0x{} at 0x{}; the program gets SIGILL",
                    Integer.toHexString(opcode),
                    Long.toHexString(address));
        }
    }

    boolean hasFile(BackingFile file) {
        return files.contains(file);
    }

    void contextClosed() {
        openContexts.decrementAndGet();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the platform is closed");
        }
    }
}
