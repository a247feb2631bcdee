package dev.plinth.platform.kvm;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.platform.kvm.stub.GuestLayout;

import java.util.Set;

/** Guest threads are vCPUs of one virtual machine; an address space is a tree of page tables. */
final class KvmPlatform implements Platform {
    /** Beyond the number of vCPUs, contexts take turns with them. */
    private static final int MAX_CONTEXTS = 1 << 14;

    /**
     * So many contexts have a vCPU of their own. Each one costs 0.4 ms to make, 64 KiB, a
     * descriptor, and a look whenever a page is unmapped anywhere; to change hands costs one 15
     * &micro;s.
     */
    private static final int MAX_VCPUS = 256;

    /** Stops a vCPU. glibc keeps the first two real-time signals for itself, the JVM uses none. */
    static final Signal KICK = Signal.SIGRTMIN_8;

    private final HostKernel host;
    private final int pid;
    private final VirtualMachine machine;
    private final VcpuPool vcpus;
    private final CpuidTable cpuid;
    private final PlatformCapabilities capabilities;

    /** Makes a platform with as many vCPUs as are of use. */
    KvmPlatform(PlatformContext context) {
        this(context, MAX_VCPUS);
    }

    /**
     * Makes a platform.
     *
     * @param maxVcpus how many vCPUs guests get at most
     */
    KvmPlatform(PlatformContext context, int maxVcpus) {
        host = context.host();
        HostFd device =
                context.device(KvmPlatformFactory.DEVICE)
                        .orElseThrow(() ->
                                new IllegalStateException(
                                        "not donated: " + KvmPlatformFactory.DEVICE));
        pid = (int) host.syscall(SystemCalls.GETPID);
        host.installNoOpHandler(KICK);
        machine = new VirtualMachine(context, device);
        vcpus = new VcpuPool(machine, Math.min(maxVcpus, machine.maxVcpus()));
        cpuid = new CpuidTable(machine.ringZero(), machine.features());
        capabilities =
                new PlatformCapabilities(
                        GuestLayout.USER_ADDRESSES,
                        Pages.SIZE,
                        MAX_CONTEXTS,
                        machine.features(),
                        Set.of(
                                PlatformFeature.NATIVE_CODE,
                                PlatformFeature.SINGLE_STEP,
                                PlatformFeature.VECTOR_STATE,
                                PlatformFeature.SHARED_ADDRESS_SPACE));
    }

    @Override
    public PlatformCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public AddressSpace newAddressSpace() {
        return machine.newAddressSpace();
    }

    @Override
    public ExecutionContext newContext() {
        return new KvmContext(this);
    }

    /** The host. */
    HostKernel host() {
        return host;
    }

    /** This process. */
    int pid() {
        return pid;
    }

    /** The virtual machine. */
    VirtualMachine machine() {
        return machine;
    }

    /** What contexts execute on. */
    VcpuPool vcpus() {
        return vcpus;
    }

    /** What guests are told of the processor. */
    CpuidTable cpuid() {
        return cpuid;
    }

    @Override
    public void close() {
        vcpus.close();
        machine.close();
    }
}
