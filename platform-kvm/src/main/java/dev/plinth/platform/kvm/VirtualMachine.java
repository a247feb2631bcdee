package dev.plinth.platform.kvm;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.stub.GuestLayout;
import dev.plinth.platform.kvm.stub.MonitorImage;
import dev.plinth.platform.kvm.stub.VcpuPage;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A virtual machine that is ready for guests: its memory, the monitor in ring 0, and what makes
 * vCPUs and page tables.
 *
 * <p>Any thread may call any method.
 */
final class VirtualMachine implements AutoCloseable {
    private final KvmVm vm;
    private final MonitorMemory monitor;
    private final GuestMemory memory;
    private final Processor processor;
    private final RingZero ringZero;
    private final TableArena arena;
    private final ReportedCpu reported;
    private final int maxVcpus;
    private final int mxcsrMask;

    private final ReentrantLock machineLock = new ReentrantLock();

    /** The number of the next vCPU: KVM frees none before the end of the virtual machine. */
    @GuardedBy("machineLock")
    private int nextVcpu = RingZero.ID + 1;

    @GuardedBy("machineLock")
    private final Set<KvmAddressSpace> openSpaces = new HashSet<>();

    /**
     * Makes a virtual machine with the files of a platform.
     *
     * @param context borrowed for the machine's life
     * @param device KVM's; borrowed
     * @throws HostCallException if the descriptor is not KVM's, lacks something, or refuses;
     *     nothing is left open
     */
    VirtualMachine(PlatformContext context, HostFd device) {
        KvmDevice kvm = new KvmDevice(context.host(), device);
        kvm.requireUsable();
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        boolean done = false;
        try {
            reported = new ReportedCpu(context.host(), kvm);
            long most = Math.max(kvm.extension(Kvm.KVM_CAP_MAX_VCPUS), 2);
            maxVcpus = (int) Math.min(most, GuestLayout.MAX_VCPUS);
            monitor = new MonitorMemory(context.host());
            opened.push(monitor);
            MonitorImage.write(monitor.segment());
            vm = kvm.createVm();
            opened.push(vm);
            vm.reserveTaskState();
            memory =
                    new GuestMemory(
                            context.host(),
                            vm,
                            monitor.segment(),
                            context.backingFiles(),
                            reported.physicalAddressBits());
            memory.announceMonitor(0, GuestLayout.TABLES);
            processor = new Processor(reported.supported(), reported.features().xcr0());
            KvmVcpu first = vm.createVcpu(RingZero.ID);
            opened.push(first);
            ringZero = new RingZero(monitor.segment(), first, processor);
            mxcsrMask = ringZero.mxcsrMask();
            arena = new TableArena(monitor, memory);
            done = true;
        } finally {
            if (!done) {
                closeAll(opened);
            }
        }
    }

    private static void closeAll(Deque<AutoCloseable> opened) {
        for (AutoCloseable each : opened) {
            switch (each) {
                case KvmVcpu vcpu -> vcpu.close();
                case KvmVm vm -> vm.close();
                case MonitorMemory monitor -> monitor.close();
                default -> throw new IllegalStateException("not known: " + each);
            }
        }
    }

    /** What guests are told of the processor. */
    CpuFeatures features() {
        return reported.features();
    }

    /** Which bits of MXCSR guests can set. */
    int mxcsrMask() {
        return mxcsrMask;
    }

    /** How many vCPUs for guests there can be. */
    int maxVcpus() {
        return maxVcpus - 1;
    }

    /** The guest physical memory. */
    GuestMemory memory() {
        return memory;
    }

    /** The vCPU that serves the platform. */
    RingZero ringZero() {
        return ringZero;
    }

    /** Where page tables are. */
    TableArena arena() {
        return arena;
    }

    /** Makes an address space with nothing mapped; the caller owns it. */
    KvmAddressSpace newAddressSpace() {
        KvmAddressSpace space = new KvmAddressSpace(this);
        machineLock.lock();
        try {
            openSpaces.add(space);
        } finally {
            machineLock.unlock();
        }
        return space;
    }

    /** Takes note that an address space is closed. */
    void forget(KvmAddressSpace space) {
        machineLock.lock();
        try {
            openSpaces.remove(space);
        } finally {
            machineLock.unlock();
        }
    }

    /** Makes page tables that map nothing; the caller owns them. */
    PageTables newPageTables() {
        return new PageTables(memory, arena, ringZero);
    }

    /**
     * Makes a vCPU; the caller owns it, and keeps it until the machine ends.
     *
     * @throws HostCallException if the host refuses; the next call may succeed
     */
    GuestCpu newGuestCpu() {
        machineLock.lock();
        try {
            KvmVcpu vcpu = createVcpu();
            nextVcpu = vcpu.id() + 1;
            boolean done = false;
            try {
                VcpuPage page = new VcpuPage(monitor.segment(), vcpu.id());
                GuestCpu cpu = new GuestCpu(vcpu, page, processor);
                done = true;
                return cpu;
            } finally {
                if (!done) {
                    vcpu.close();
                }
            }
        } finally {
            machineLock.unlock();
        }
    }

    @GuardedBy("machineLock")
    private KvmVcpu createVcpu() {
        for (int id = nextVcpu; id < maxVcpus; id++) {
            try {
                return vm.createVcpu(id);
            } catch (HostCallException e) {
                // A number that an attempt before used up, though it failed in the end.
                if (!e.is(Errno.EEXIST)) {
                    throw e;
                }
            }
        }
        throw new HostCallException("ioctl(vm, KVM_CREATE_VCPU)", Errno.EAGAIN);
    }

    @Override
    public void close() {
        try {
            for (KvmAddressSpace space : openSpaces()) {
                space.close();
            }
        } finally {
            ringZero.close();
            // Before the memory, which KVM reaches by its address.
            vm.close();
            monitor.close();
        }
    }

    private Set<KvmAddressSpace> openSpaces() {
        machineLock.lock();
        try {
            return Set.copyOf(openSpaces);
        } finally {
            machineLock.unlock();
        }
    }
}
