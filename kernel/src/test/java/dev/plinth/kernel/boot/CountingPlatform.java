package dev.plinth.kernel.boot;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A platform that knows {@code syscall} and {@code jmp}, takes a given time for each call by a
 * clock of the test, and counts what is open.
 */
final class CountingPlatform implements PlatformFactory, Platform, AddressSpace, ExecutionContext {
    private static final int SYSCALL = 0x050f;
    private static final int JUMP = 0xeb;

    /** The clock, in nanoseconds. */
    private final AtomicLong clock;

    private final String name;
    private final long nanos;
    private Availability availability = Availability.usable();
    private Set<PlatformFeature> features = Set.of(PlatformFeature.NATIVE_CODE);
    private Trap trap = Trap.SYSTEM_CALL;
    private boolean refusing;
    private MemorySegment text = MemorySegment.NULL;
    private AddressRange mapped = AddressRange.ofLength(0, Pages.SIZE);

    /** How often a guest was run. */
    int runs;

    /** How many platforms, address spaces and contexts are open. */
    int open;

    CountingPlatform(String name, long nanos, AtomicLong clock) {
        this.name = name;
        this.nanos = nanos;
        this.clock = clock;
    }

    CountingPlatform unusable(String reason) {
        availability = Availability.unusable(reason, "buy another");
        return this;
    }

    CountingPlatform withoutNativeCode() {
        features = Set.of();
        return this;
    }

    CountingPlatform trapping(Trap every) {
        trap = every;
        return this;
    }

    CountingPlatform refusing() {
        refusing = true;
        return this;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return "counts";
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return List.of();
    }

    @Override
    public Availability availability(HostKernel host) {
        return availability;
    }

    @Override
    public Platform create(PlatformContext context) {
        if (refusing) {
            throw new HostCallException("ioctl(kvm, KVM_CREATE_VM)", Errno.ENOMEM);
        }
        open++;
        return this;
    }

    @Override
    public PlatformCapabilities capabilities() {
        return new PlatformCapabilities(
                new AddressRange(0x1000, 1L << 40),
                1 << 16,
                1,
                new CpuFeatures(0, 0, 3, CpuFeatures.MIN_VECTOR_STATE_BYTES),
                features);
    }

    @Override
    public AddressSpace newAddressSpace() {
        open++;
        return this;
    }

    @Override
    public ExecutionContext newContext() {
        open++;
        return this;
    }

    @Override
    public void map(AddressRange range, BackingFile file, long offset, AccessType access) {
        mapped = range;
        text = file.view().asSlice(offset, range.length());
    }

    @Override
    public Trap run(AddressSpace addressSpace, Registers registers) {
        runs++;
        clock.addAndGet(nanos);
        while (true) {
            long at = registers.rip() - mapped.start();
            int word = text.get(ValueLayout.JAVA_SHORT_UNALIGNED, at) & 0xffff;
            if (word == SYSCALL) {
                registers.setRip(registers.rip() + 2);
                return trap;
            }
            if ((word & 0xff) != JUMP) {
                throw new IllegalStateException("not known: %x".formatted(word));
            }
            registers.setRip(registers.rip() + 2 + (byte) (word >> 8));
        }
    }

    @Override
    public void close() {
        open--;
    }

    @Override
    public void interrupt() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void protect(AddressRange range, AccessType access) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void unmap(AddressRange range) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void readVectorState(MemorySegment destination) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void writeVectorState(MemorySegment source) {
        throw new UnsupportedOperationException();
    }
}
