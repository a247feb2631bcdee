package dev.plinth.platform.kvm.linux;

/** Offsets in {@code struct kvm_segment} of {@code asm/kvm.h}. */
public final class KvmSegment {
    public static final int BASE = 0;
    public static final int LIMIT = 8;
    public static final int SELECTOR = 12;
    public static final int TYPE = 14;
    public static final int PRESENT = 15;
    public static final int DPL = 16;
    public static final int DB = 17;
    public static final int S = 18;
    public static final int L = 19;
    public static final int G = 20;
    public static final int UNUSABLE = 22;
    public static final int BYTES = 24;

    private KvmSegment() {}
}
