/**
 * Numbers and offsets of Linux on x86-64 that the kvm platform needs, named as in the headers that
 * they mirror (Linux 6.18; none of them has changed since it was introduced).
 *
 * <p>In reading order: {@link dev.plinth.platform.kvm.linux.Kvm} (requests, capabilities, reasons
 * to exit), {@link dev.plinth.platform.kvm.linux.KvmRun} (the page that a vCPU shares with its
 * user), {@link dev.plinth.platform.kvm.linux.KvmRegs}, {@link
 * dev.plinth.platform.kvm.linux.KvmSregs}, {@link dev.plinth.platform.kvm.linux.KvmSegment}, {@link
 * dev.plinth.platform.kvm.linux.KvmVcpuEvents}, {@link dev.plinth.platform.kvm.linux.KvmCpuid},
 * {@link dev.plinth.platform.kvm.linux.KvmMsrs}, {@link
 * dev.plinth.platform.kvm.linux.KvmUserspaceMemoryRegion}, {@link
 * dev.plinth.platform.kvm.linux.KvmXcrs}, and the rest by header.
 *
 * <p>No state, no locks; imports nothing.
 */
package dev.plinth.platform.kvm.linux;
