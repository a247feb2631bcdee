package dev.plinth.testkit.contract;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A platform with what a sandbox would give to it: open devices and a memory file.
 *
 * <p>Any thread may call any method.
 */
public final class PlatformUnderTest implements AutoCloseable {
    private static final long MEMORY_BYTES = 1L << 28;

    /** The greatest map unit of a platform on x86-64 that there is reason to expect. */
    private static final int GREATEST_UNIT = 1 << 16;

    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_RDWR = 2;
    private static final long O_CLOEXEC = 0x80000;

    private record Context(HostKernel host, Map<FdRole, HostFd> devices, List<BackingFile> files)
            implements PlatformContext {
        @Override
        public Optional<HostFd> device(FdRole role) {
            return Optional.ofNullable(devices.get(role));
        }

        @Override
        public List<BackingFile> backingFiles() {
            return files;
        }
    }

    private final HostKernel host;
    private final Map<FdRole, HostFd> devices = new HashMap<>();
    private final MemoryFile memory;
    private final ReadOnlyFile readOnlyFile;
    private final Platform platform;

    /**
     * Opens the declared devices, as a launcher would, and creates a platform.
     *
     * @param host the real one
     * @param factory of the platform
     */
    PlatformUnderTest(HostKernel host, PlatformFactory factory) {
        this.host = requireNonNull(host, "host is null");
        for (DeviceDeclaration device : factory.devices()) {
            open(device).ifPresent(opened -> devices.put(device.role(), opened));
        }
        this.memory = new MemoryFile(host, MEMORY_BYTES);
        this.readOnlyFile = new ReadOnlyFile(host, GREATEST_UNIT);
        this.platform =
                factory.create(
                        new Context(host, Map.copyOf(devices), List.of(memory, readOnlyFile)));
    }

    /** The host. */
    public HostKernel host() {
        return host;
    }

    /** The platform. */
    public Platform platform() {
        return platform;
    }

    /** What the platform can do. */
    public PlatformCapabilities capabilities() {
        return platform.capabilities();
    }

    /** Whether the platform has a feature. */
    public boolean has(PlatformFeature feature) {
        return capabilities().has(feature);
    }

    /** The least that can be mapped, in bytes. */
    public int unit() {
        return capabilities().mapUnit();
    }

    /** The guest memory. */
    public MemoryFile memory() {
        return memory;
    }

    /** What is mapped besides, for reading only. */
    BackingFile readOnlyFile() {
        return readOnlyFile;
    }

    /** A new address space with room for programs, a stack and data; the caller owns it. */
    public TestProcess newProcess() {
        AddressSpace space = platform.newAddressSpace();
        return new TestProcess(this, space);
    }

    @Override
    public void close() {
        try {
            platform.close();
        } finally {
            memory.close();
            readOnlyFile.close();
            devices.values().forEach(HostFd::close);
        }
    }

    private Optional<HostFd> open(DeviceDeclaration device) {
        long flags =
                device.openMode() == DeviceDeclaration.OpenMode.READ_WRITE
                        ? O_RDWR | O_CLOEXEC
                        : O_CLOEXEC;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom(device.path());
            long number = host.syscall(SYS_OPENAT, AT_FDCWD, path.address(), flags);
            return number < 0 ? Optional.empty() : Optional.of(new HostFd(host, (int) number));
        }
    }
}
