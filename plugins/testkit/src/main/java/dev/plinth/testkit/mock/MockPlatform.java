package dev.plinth.testkit.mock;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A platform whose guest programs are Java code.
 *
 * <p>It needs nothing of the host. It checks the preconditions that the {@code api} states and
 * refuses what breaks them, so that a kernel that runs on it runs on others.
 */
public final class MockPlatform implements Platform {
    private static final int MAX_CONTEXTS = 4096;

    static final PlatformCapabilities CAPABILITIES =
            new PlatformCapabilities(
                    new AddressRange(0x10000, 0x7ffffffff000L),
                    Pages.SIZE,
                    MAX_CONTEXTS,
                    // What every x86-64 processor has: up to SSE2.
                    new CpuFeatures(0x078bfbff, 0, MockVectorState.XCR0, MockVectorState.BYTES),
                    Set.of(PlatformFeature.VECTOR_STATE, PlatformFeature.SHARED_ADDRESS_SPACE));

    private final MockPrograms programs;
    private final InstructionSet instructions;
    private final PlatformCapabilities capabilities;

    /** By identity; immutable after construction. */
    private final Set<BackingFile> files = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Guarded by this. */
    private final Set<MockAddressSpace> addressSpaces = new HashSet<>();

    /** Guarded by this. */
    private final Set<MockContext> contexts = new HashSet<>();

    /** What guest programs threw; guarded by this. */
    private final List<AssertionError> failures = new ArrayList<>();

    /** Guarded by this. */
    private boolean closed;

    /**
     * Makes a platform.
     *
     * @param programs that can be executed, also those added later
     * @param files that can be mapped; borrowed
     */
    public MockPlatform(MockPrograms programs, List<BackingFile> files) {
        this(programs, InstructionSet.EMPTY, CAPABILITIES, files);
    }

    MockPlatform(
            MockPrograms programs,
            InstructionSet instructions,
            PlatformCapabilities capabilities,
            List<BackingFile> files) {
        this.capabilities = requireNonNull(capabilities, "capabilities is null");
        this.instructions = requireNonNull(instructions, "instructions is null");
        this.programs = requireNonNull(programs, "programs is null");
        this.files.addAll(files);
    }

    @Override
    public PlatformCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public synchronized MockAddressSpace newAddressSpace() {
        requireOpen();
        MockAddressSpace addressSpace = new MockAddressSpace(this);
        addressSpaces.add(addressSpace);
        return addressSpace;
    }

    @Override
    public synchronized ExecutionContext newContext() {
        requireOpen();
        if (contexts.size() == capabilities.maxContexts()) {
            throw new HostCallException("new context of the mock platform", Errno.EAGAIN);
        }
        MockContext context = new MockContext(this);
        contexts.add(context);
        return context;
    }

    /**
     * Ends the platform.
     *
     * @throws AssertionError if a guest program threw something; that is its cause
     * @throws IllegalStateException if the platform's address spaces and contexts are not closed
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        if (!addressSpaces.isEmpty() || !contexts.isEmpty()) {
            throw new IllegalStateException(
                    "%d address spaces and %d contexts are open"
                            .formatted(addressSpaces.size(), contexts.size()));
        }
        closed = true;
        if (!failures.isEmpty()) {
            AssertionError first = failures.removeFirst();
            failures.forEach(first::addSuppressed);
            throw first;
        }
    }

    /** How many address spaces are open. */
    public synchronized int openAddressSpaces() {
        return addressSpaces.size();
    }

    /** How many contexts are open. */
    public synchronized int openContexts() {
        return contexts.size();
    }

    MockPrograms programs() {
        return programs;
    }

    InstructionSet instructions() {
        return instructions;
    }

    boolean hasFile(BackingFile file) {
        return files.contains(file);
    }

    synchronized void closed(MockAddressSpace addressSpace) {
        addressSpaces.remove(addressSpace);
    }

    synchronized void closed(MockContext context) {
        contexts.remove(context);
    }

    synchronized void failed(String message, Throwable cause) {
        failures.add(new AssertionError(message, cause));
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the platform is closed");
        }
    }
}
