package dev.plinth.platform.kvm.linux;

/** Offsets in {@code struct kvm_msrs} and {@code struct kvm_msr_entry} of {@code asm/kvm.h}. */
public final class KvmMsrs {
    public static final int NMSRS = 0;
    public static final int ENTRIES = 8;

    public static final int ENTRY_INDEX = 0;
    public static final int ENTRY_DATA = 8;
    public static final int ENTRY_BYTES = 16;

    private KvmMsrs() {}
}
