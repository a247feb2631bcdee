package dev.plinth.platform.kvm.x86;

/** Numbers of model-specific registers. */
public final class Msr {
    /** Bit 0: CPUID in user mode is a general protection fault. */
    public static final int MISC_FEATURES_ENABLES = 0x140;

    public static final int STAR = 0xc000_0081;
    public static final int LSTAR = 0xc000_0082;
    public static final int CSTAR = 0xc000_0083;
    public static final int FMASK = 0xc000_0084;

    private Msr() {}
}
