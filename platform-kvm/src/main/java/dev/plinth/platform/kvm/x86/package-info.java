/**
 * Names of the processor's own: exception vectors, flags, control registers, page-table entries,
 * features. From Intel's Software Developer's Manual, volume 3, and AMD's, volume 2.
 *
 * <p>In reading order: {@link dev.plinth.platform.kvm.x86.Vector}, {@link
 * dev.plinth.platform.kvm.x86.Flags}, {@link dev.plinth.platform.kvm.x86.PageFault}, {@link
 * dev.plinth.platform.kvm.x86.PageEntry}, {@link dev.plinth.platform.kvm.x86.ControlRegister},
 * {@link dev.plinth.platform.kvm.x86.Msr}.
 *
 * <p>No state, no locks; imports the {@code api} only.
 */
package dev.plinth.platform.kvm.x86;
