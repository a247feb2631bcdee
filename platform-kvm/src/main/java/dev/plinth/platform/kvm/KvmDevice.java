package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.Availability;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.linux.KvmCpuid;
import dev.plinth.platform.kvm.linux.KvmRun;
import dev.plinth.platform.kvm.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;

/**
 * The system descriptor of KVM, which is {@code /dev/kvm} opened.
 *
 * <p>Any thread may call any method. Source: Linux's Documentation/virt/kvm/api.rst.
 */
final class KvmDevice {
    /** What the platform cannot do without. */
    private static final Map<Integer, String> REQUIRED =
            new TreeMap<>(
                    Map.of(
                            Kvm.KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY",
                            Kvm.KVM_CAP_SET_TSS_ADDR, "KVM_CAP_SET_TSS_ADDR",
                            Kvm.KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID",
                            Kvm.KVM_CAP_SYNC_MMU, "KVM_CAP_SYNC_MMU",
                            Kvm.KVM_CAP_VCPU_EVENTS, "KVM_CAP_VCPU_EVENTS",
                            Kvm.KVM_CAP_XSAVE, "KVM_CAP_XSAVE",
                            Kvm.KVM_CAP_XCRS, "KVM_CAP_XCRS",
                            Kvm.KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"));

    /** What comes and goes with a vCPU by way of shared memory, at no call of its own. */
    static final int SYNCHRONISED =
            Kvm.KVM_SYNC_X86_REGS | Kvm.KVM_SYNC_X86_SREGS | Kvm.KVM_SYNC_X86_EVENTS;

    private static final String USE_ANOTHER = "use another platform, such as ptrace";

    private final HostKernel host;
    private final HostFd device;

    /**
     * Wraps the descriptor, whatever it is.
     *
     * @param device borrowed
     */
    KvmDevice(HostKernel host, HostFd device) {
        this.host = host;
        this.device = device;
    }

    /** Whether the descriptor is that of a KVM which can do what the platform needs. */
    Availability availability() {
        long version = host.syscall(SystemCalls.IOCTL, device.number(), Kvm.KVM_GET_API_VERSION);
        if (Errno.isError(version)) {
            return Availability.unusable(
                    "/dev/kvm is not KVM's device: it answers " + Errno.nameOf(version),
                    "restore the device node (mknod /dev/kvm c 10 232), or " + USE_ANOTHER);
        }
        if (version != Kvm.KVM_API_VERSION) {
            return Availability.unusable(
                    "KVM's API has version %d, not %d".formatted(version, Kvm.KVM_API_VERSION),
                    "use Linux 2.6.22 or later, or another platform");
        }
        for (Map.Entry<Integer, String> each : REQUIRED.entrySet()) {
            if (extension(each.getKey()) <= 0) {
                return lacks(each.getValue());
            }
        }
        if ((extension(Kvm.KVM_CAP_SYNC_REGS) & SYNCHRONISED) != SYNCHRONISED) {
            return lacks("KVM_CAP_SYNC_REGS");
        }
        return Availability.usable();
    }

    private static Availability lacks(String capability) {
        return Availability.unusable(
                "this KVM lacks " + capability, "use Linux 4.17 or later, or another platform");
    }

    /**
     * Does nothing if {@link #availability()} is good.
     *
     * @throws HostCallException with the reason, if it is not
     */
    void requireUsable() {
        if (availability() instanceof Availability.Unusable unusable) {
            throw new HostCallException(
                    "the kvm platform on " + device + " (" + unusable.reason() + ")",
                    Errno.EOPNOTSUPP);
        }
    }

    /** The value of a capability: zero, or an error, means that KVM has not got it. */
    long extension(int capability) {
        return host.syscall(
                SystemCalls.IOCTL, device.number(), Kvm.KVM_CHECK_EXTENSION, capability);
    }

    /** How much a vCPU shares with its user, in bytes. */
    private long vcpuMmapBytes() {
        long bytes =
                host.require(
                        "ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE)",
                        SystemCalls.IOCTL,
                        device.number(),
                        Kvm.KVM_GET_VCPU_MMAP_SIZE,
                        0);
        if (bytes < KvmRun.MIN_BYTES) {
            throw new HostCallException(
                    "ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE) = " + bytes, Errno.EOPNOTSUPP);
        }
        return bytes;
    }

    /**
     * What KVM can tell guests of the processor: a {@code struct kvm_cpuid2}.
     *
     * @param arena of the result
     */
    MemorySegment supportedCpuid(Arena arena) {
        MemorySegment cpuid =
                arena.allocate(
                        KvmCpuid.ENTRIES + KvmCpuid.MAX_ENTRIES * (long) KvmCpuid.ENTRY_BYTES, 8);
        cpuid.set(JAVA_INT, KvmCpuid.NENT, KvmCpuid.MAX_ENTRIES);
        host.require(
                "ioctl(kvm, KVM_GET_SUPPORTED_CPUID)",
                SystemCalls.IOCTL,
                device.number(),
                Kvm.KVM_GET_SUPPORTED_CPUID,
                cpuid.address());
        return cpuid;
    }

    /** Makes a virtual machine; the caller owns it. */
    KvmVm createVm() {
        long vcpuBytes = vcpuMmapBytes();
        long number =
                host.require(
                        "ioctl(kvm, KVM_CREATE_VM)",
                        SystemCalls.IOCTL,
                        device.number(),
                        Kvm.KVM_CREATE_VM,
                        0);
        return new KvmVm(host, new HostFd(host, (int) number), vcpuBytes);
    }
}
