package dev.plinth.platform.kvm.linux;

/** Mirrors {@code linux/kvm.h}: requests, capabilities, reasons to exit. */
public final class Kvm {
    /** The only version there is since Linux 2.6.22. */
    public static final int KVM_API_VERSION = 12;

    // Requests to /dev/kvm.
    public static final long KVM_GET_API_VERSION = 0xae00;
    public static final long KVM_CREATE_VM = 0xae01;
    public static final long KVM_CHECK_EXTENSION = 0xae03;
    public static final long KVM_GET_VCPU_MMAP_SIZE = 0xae04;
    public static final long KVM_GET_SUPPORTED_CPUID = 0xc008ae05L;

    // Requests to a virtual machine.
    public static final long KVM_CREATE_VCPU = 0xae41;
    public static final long KVM_SET_USER_MEMORY_REGION = 0x4020ae46L;
    public static final long KVM_SET_TSS_ADDR = 0xae47;

    // Requests to a vCPU.
    public static final long KVM_RUN = 0xae80;
    public static final long KVM_GET_SREGS = 0x8138ae83L;
    public static final long KVM_SET_SREGS = 0x4138ae84L;
    public static final long KVM_SET_MSRS = 0x4008ae89L;
    public static final long KVM_SET_CPUID2 = 0x4008ae90L;
    public static final long KVM_GET_XSAVE = 0x9000aea4L;
    public static final long KVM_SET_XSAVE = 0x5000aea5L;
    public static final long KVM_SET_XCRS = 0x4188aea7L;

    public static final int KVM_CAP_USER_MEMORY = 3;
    public static final int KVM_CAP_SET_TSS_ADDR = 4;
    public static final int KVM_CAP_EXT_CPUID = 7;
    public static final int KVM_CAP_SYNC_MMU = 16;
    public static final int KVM_CAP_VCPU_EVENTS = 41;
    public static final int KVM_CAP_XSAVE = 55;
    public static final int KVM_CAP_XCRS = 56;
    public static final int KVM_CAP_MAX_VCPUS = 66;
    public static final int KVM_CAP_SYNC_REGS = 74;
    public static final int KVM_CAP_IMMEDIATE_EXIT = 136;

    public static final int KVM_SYNC_X86_REGS = 1;
    public static final int KVM_SYNC_X86_SREGS = 2;
    public static final int KVM_SYNC_X86_EVENTS = 4;

    public static final int KVM_EXIT_UNKNOWN = 0;
    public static final int KVM_EXIT_EXCEPTION = 1;
    public static final int KVM_EXIT_IO = 2;
    public static final int KVM_EXIT_HYPERCALL = 3;
    public static final int KVM_EXIT_DEBUG = 4;
    public static final int KVM_EXIT_HLT = 5;
    public static final int KVM_EXIT_MMIO = 6;
    public static final int KVM_EXIT_SHUTDOWN = 8;
    public static final int KVM_EXIT_FAIL_ENTRY = 9;
    public static final int KVM_EXIT_INTR = 10;
    public static final int KVM_EXIT_INTERNAL_ERROR = 17;
    public static final int KVM_EXIT_SYSTEM_EVENT = 24;

    private Kvm() {}
}
