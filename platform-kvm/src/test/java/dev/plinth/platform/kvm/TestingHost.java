package dev.plinth.platform.kvm;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.platform.kvm.linux.Fcntl;
import dev.plinth.platform.kvm.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/** What the kernel gives to a platform: the real host, KVM's device, and one memory file. */
final class TestingHost implements PlatformContext, BackingFile, AutoCloseable {
    static final HostKernel HOST = ServiceLoader.load(HostKernel.class).findFirst().orElseThrow();

    private final HostFd device;
    private final HostFd file;
    private final HostMemory memory;

    TestingHost(long bytes) {
        device =
                new HostFd(HOST, (int) HostFiles.open(HOST, KvmPlatformFactory.PATH, Fcntl.O_RDWR));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom("test-memory");
            file =
                    new HostFd(
                            HOST,
                            (int)
                                    HOST.require(
                                            "memfd_create",
                                            SystemCalls.MEMFD_CREATE,
                                            name.address(),
                                            Fcntl.MFD_CLOEXEC));
        }
        HOST.require("ftruncate", SystemCalls.FTRUNCATE, file.number(), bytes);
        memory = HOST.map(file, 0, bytes, AccessType.READ_WRITE);
    }

    @Override
    public HostKernel host() {
        return HOST;
    }

    @Override
    public Optional<HostFd> device(FdRole role) {
        return role.equals(KvmPlatformFactory.DEVICE) ? Optional.of(device) : Optional.empty();
    }

    @Override
    public List<BackingFile> backingFiles() {
        return List.of(this);
    }

    @Override
    public HostFd file() {
        return file;
    }

    @Override
    public MemorySegment view() {
        return memory.segment();
    }

    @Override
    public void close() {
        memory.close();
        file.close();
        device.close();
    }
}
