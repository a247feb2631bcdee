package dev.plinth.platform.kvm.linux;

/** Offsets in {@code struct kvm_run} of {@code linux/kvm.h}. */
public final class KvmRun {
    public static final int IMMEDIATE_EXIT = 1;
    public static final int EXIT_REASON = 8;

    /** Where what belongs to the reason begins. */
    public static final int EXIT = 32;

    /** KVM_EXIT_UNKNOWN: {@code hw.hardware_exit_reason}, 8 bytes. */
    public static final int HARDWARE_EXIT_REASON = EXIT;

    /** KVM_EXIT_FAIL_ENTRY: {@code fail_entry.hardware_entry_failure_reason}, 8 bytes. */
    public static final int HARDWARE_ENTRY_FAILURE_REASON = EXIT;

    /** KVM_EXIT_INTERNAL_ERROR: {@code internal.suberror}, 4 bytes. */
    public static final int SUBERROR = EXIT;

    /** KVM_EXIT_MMIO: {@code mmio.phys_addr}, 8 bytes. */
    public static final int MMIO_PHYS_ADDR = EXIT;

    /** KVM_EXIT_IO: {@code io.port}, 2 bytes. */
    public static final int IO_PORT = EXIT + 2;

    public static final int KVM_VALID_REGS = 288;
    public static final int KVM_DIRTY_REGS = 296;

    /** {@code s.regs.regs}, a {@link KvmRegs}. */
    public static final int REGS = 304;

    /** {@code s.regs.sregs}, a {@link KvmSregs}. */
    public static final int SREGS = REGS + KvmRegs.BYTES;

    /** {@code s.regs.events}, a {@link KvmVcpuEvents}. */
    public static final int EVENTS = SREGS + KvmSregs.BYTES;

    /** The least that a vCPU shares with its user. */
    public static final int MIN_BYTES = 4096;

    private KvmRun() {}
}
