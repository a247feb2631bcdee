package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.memory.AccessType;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.linux.KvmUserspaceMemoryRegion;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.platform.kvm.stub.GuestLayout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The descriptor of a virtual machine.
 *
 * <p>Any thread may call any method. Source: Linux's Documentation/virt/kvm/api.rst.
 */
final class KvmVm implements AutoCloseable {
    private final HostKernel host;
    private final HostFd vm;
    private final long vcpuBytes;

    /**
     * Takes ownership of the descriptor.
     *
     * @param vcpuBytes how much a vCPU shares with its user
     */
    KvmVm(HostKernel host, HostFd vm, long vcpuBytes) {
        this.host = host;
        this.vm = vm;
        this.vcpuBytes = vcpuBytes;
    }

    /** Gives KVM the three pages that it needs for itself on Intel processors. */
    void reserveTaskState() {
        require("KVM_SET_TSS_ADDR", Kvm.KVM_SET_TSS_ADDR, GuestLayout.TSS_ADDRESS);
    }

    /**
     * Makes memory of this process guest physical memory.
     *
     * @param slot a number not used before
     * @param memory outlives the virtual machine
     */
    void addMemory(int slot, long guestPhysical, MemorySegment memory) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment region = arena.allocate(KvmUserspaceMemoryRegion.BYTES, 8);
            region.set(JAVA_INT, KvmUserspaceMemoryRegion.SLOT, slot);
            region.set(JAVA_LONG, KvmUserspaceMemoryRegion.GUEST_PHYS_ADDR, guestPhysical);
            region.set(JAVA_LONG, KvmUserspaceMemoryRegion.MEMORY_SIZE, memory.byteSize());
            region.set(JAVA_LONG, KvmUserspaceMemoryRegion.USERSPACE_ADDR, memory.address());
            require(
                    "KVM_SET_USER_MEMORY_REGION, slot %d at %x of %x bytes from %x"
                            .formatted(slot, guestPhysical, memory.byteSize(), memory.address()),
                    Kvm.KVM_SET_USER_MEMORY_REGION,
                    region.address());
        }
    }

    /**
     * Makes a vCPU.
     *
     * @param id a number not used before: KVM frees it with the virtual machine only
     * @return the vCPU; the caller owns it
     * @throws dev.plinth.api.host.HostCallException if the host refuses; the number is free still
     *     unless it was the memory shared with the vCPU that could not be mapped
     */
    KvmVcpu createVcpu(int id) {
        HostFd vcpu = new HostFd(host, (int) require("KVM_CREATE_VCPU", Kvm.KVM_CREATE_VCPU, id));
        try {
            HostMemory shared = host.map(vcpu, 0, vcpuBytes, AccessType.READ_WRITE);
            return new KvmVcpu(host, vcpu, shared, id);
        } catch (RuntimeException e) {
            vcpu.close();
            throw e;
        }
    }

    private long require(String request, long number, long argument) {
        return host.require(
                "ioctl(vm, " + request + ")", SystemCalls.IOCTL, vm.number(), number, argument);
    }

    @Override
    public void close() {
        vm.close();
    }
}
