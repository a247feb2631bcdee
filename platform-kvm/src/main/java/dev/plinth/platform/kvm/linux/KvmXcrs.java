package dev.plinth.platform.kvm.linux;

/** Offsets in {@code struct kvm_xcrs} and {@code struct kvm_xcr} of {@code asm/kvm.h}. */
public final class KvmXcrs {
    public static final int NR_XCRS = 0;

    /** {@code xcrs[0].value}. */
    public static final int VALUE = 16;

    public static final int BYTES = 392;

    private KvmXcrs() {}
}
