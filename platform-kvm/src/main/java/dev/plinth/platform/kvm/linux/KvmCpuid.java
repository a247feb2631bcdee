package dev.plinth.platform.kvm.linux;

/**
 * Offsets in {@code struct kvm_cpuid2} and {@code struct kvm_cpuid_entry2} of {@code asm/kvm.h}.
 */
public final class KvmCpuid {
    public static final int NENT = 0;
    public static final int ENTRIES = 8;

    public static final int ENTRY_FUNCTION = 0;
    public static final int ENTRY_INDEX = 4;
    public static final int ENTRY_EAX = 12;
    public static final int ENTRY_EBX = 16;
    public static final int ENTRY_ECX = 20;
    public static final int ENTRY_EDX = 24;
    public static final int ENTRY_BYTES = 40;

    /** {@code KVM_MAX_CPUID_ENTRIES}: KVM has no more to say, and takes no more. */
    public static final int MAX_ENTRIES = 256;

    private KvmCpuid() {}
}
