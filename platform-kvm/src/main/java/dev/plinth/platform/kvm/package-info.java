/**
 * The kvm platform: runs programs as ring 3 of a virtual machine whose ring 0 is a few bytes that
 * only come out again.
 *
 * <p>In reading order: {@link dev.plinth.platform.kvm.KvmPlatformFactory} (the plugin's extension,
 * with {@code HostProbe}), {@code KvmPlatform} (one virtual machine for one sandbox), {@code
 * KvmContext} (a guest thread), {@code GuestCpu} (the border of ring 3) with {@code GuestEvent},
 * {@code TrapReader} (what Linux makes of an exception), {@code VcpuPool} (who has which vCPU),
 * {@code VectorState}, {@code CpuidTable}; {@code KvmAddressSpace} (what is mapped) with {@code
 * Mappings}, {@code PageTables} (the rules under which tables may change), {@code RingZero} (the
 * vCPU that changes what the host cannot); {@code VirtualMachine} (makes all of these), {@code
 * GuestMemory}, {@code MonitorMemory}, {@code TableArena}, {@code Processor}, {@code ReportedCpu};
 * and what is closest to KVM, a class for each kind of descriptor: {@code KvmDevice}, {@code
 * KvmVm}, {@code KvmVcpu} with {@code VcpuExit}.
 *
 * <p>Numbers and offsets are in {@code …linux}, the processor's own names in {@code …x86}, what
 * lies in the virtual machine in {@code …stub}.
 *
 * <p><b>Lock order.</b> The pool's lock (VcpuPool), then a context's kickLock; an address space's
 * tableLock, then the piecesLock (GuestMemory), arenaLock (TableArena) or vcpuLock (RingZero); the
 * machineLock (VirtualMachine) after the pool's. arenaLock before piecesLock. No lock but vcpuLock
 * is held while a vCPU executes.
 *
 * <p>It may import the {@code api} and nothing else of Plinth.
 */
package dev.plinth.platform.kvm;
