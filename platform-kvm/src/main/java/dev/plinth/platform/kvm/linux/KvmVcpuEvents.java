package dev.plinth.platform.kvm.linux;

/** Offsets in {@code struct kvm_vcpu_events} of {@code asm/kvm.h}. */
public final class KvmVcpuEvents {
    public static final int EXCEPTION_INJECTED = 0;
    public static final int EXCEPTION_NR = 1;
    public static final int EXCEPTION_HAS_ERROR_CODE = 2;
    public static final int EXCEPTION_PENDING = 3;
    public static final int EXCEPTION_ERROR_CODE = 4;
    public static final int BYTES = 64;

    private KvmVcpuEvents() {}
}
