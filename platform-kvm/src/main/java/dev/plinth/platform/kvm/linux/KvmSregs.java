package dev.plinth.platform.kvm.linux;

/**
 * Offsets in {@code struct kvm_sregs} of {@code asm/kvm.h}; its segments are {@link KvmSegment}s.
 */
public final class KvmSregs {
    public static final int CS = 0;
    public static final int DS = 24;
    public static final int ES = 48;
    public static final int FS = 72;
    public static final int GS = 96;
    public static final int SS = 120;
    public static final int TR = 144;
    public static final int LDT = 168;

    /** A {@code struct kvm_dtable}: base, then a limit of 2 bytes. */
    public static final int GDT = 192;

    /** A {@code struct kvm_dtable}. */
    public static final int IDT = 208;

    /** Of the limit in a {@code struct kvm_dtable}. */
    public static final int DTABLE_LIMIT = 8;

    public static final int CR0 = 224;
    public static final int CR2 = 232;
    public static final int CR3 = 240;
    public static final int CR4 = 248;
    public static final int EFER = 264;
    public static final int BYTES = 312;

    private KvmSregs() {}
}
