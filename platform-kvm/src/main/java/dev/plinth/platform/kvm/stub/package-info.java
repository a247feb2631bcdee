/**
 * What lies in a virtual machine beside the guests' memory: descriptor tables, a few bytes of code
 * for ring 0, a page for each vCPU, and room for page tables.
 *
 * <p>In reading order: {@link dev.plinth.platform.kvm.stub.GuestLayout} (what lies where), {@link
 * dev.plinth.platform.kvm.stub.Selectors}, {@link dev.plinth.platform.kvm.stub.MonitorCode} (the
 * machine code, byte by byte), {@link dev.plinth.platform.kvm.stub.DescriptorTables}, {@link
 * dev.plinth.platform.kvm.stub.VcpuPage} (what the processor and the platform tell each other at
 * the border of ring 3), {@link dev.plinth.platform.kvm.stub.MonitorImage}.
 *
 * <p>Ring 0 decides nothing: whatever enters it halts, which takes the vCPU out to the platform. No
 * state, no locks; imports {@code x86} and the {@code api}.
 */
package dev.plinth.platform.kvm.stub;
