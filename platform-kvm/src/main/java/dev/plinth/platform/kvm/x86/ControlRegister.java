package dev.plinth.platform.kvm.x86;

/** Bits of the control registers, of EFER, and the values that guests run with. */
public final class ControlRegister {
    /** CR0: protected mode, x87 present, native x87 errors, WP, alignment checks, paging. */
    public static final long CR0 = 0x8005_0033L;

    /** EFER: SYSCALL, long mode enabled and active, no-execute. */
    public static final long EFER = 0xd01;

    public static final long CR4_PAE = 1 << 5;
    public static final long CR4_OSFXSR = 1 << 9;
    public static final long CR4_OSXMMEXCPT = 1 << 10;
    public static final long CR4_UMIP = 1 << 11;
    public static final long CR4_FSGSBASE = 1 << 16;
    public static final long CR4_OSXSAVE = 1 << 18;

    /** CR4 without what a processor may lack. */
    public static final long CR4 = CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    private ControlRegister() {}
}
