package dev.plinth.platform.kvm.linux;

/**
 * Offsets in an XSAVE area in standard format: Intel's Software Developer's Manual, volume 1,
 * chapter 13; and the size of {@code struct kvm_xsave}.
 */
public final class Xsave {
    public static final int FCW = 0;
    public static final int FSW = 2;
    public static final int MXCSR = 24;
    public static final int MXCSR_MASK = 28;

    /** The end of MXCSR and its mask. */
    public static final int MXCSR_END = 32;

    /** The XMM registers, which are the component SSE with MXCSR. */
    public static final int XMM = 160;

    public static final int XMM_END = 416;

    /** The last 48 bytes of the legacy region are the software's. */
    public static final int SOFTWARE = 464;

    public static final int HEADER = 512;
    public static final int XSTATE_BV = 512;
    public static final int XCOMP_BV = 520;
    public static final int HEADER_END = 576;

    /** Component bits of XSTATE_BV and XCR0. */
    public static final long X87 = 1;

    public static final long SSE = 2;
    public static final long AVX = 4;

    /**
     * What guests get at most: x87, SSE, AVX, and the three of AVX-512. No protection keys, whose
     * rights would change what {@code protect} says; no AMX, whose state does not fit.
     */
    public static final long GUEST_COMPONENTS = 0xe7;

    /** The x87 control word after FNINIT. */
    public static final short INITIAL_FCW = 0x37f;

    /** MXCSR after a reset. */
    public static final int INITIAL_MXCSR = 0x1f80;

    /** What {@code MXCSR_MASK} means where the processor stores zero. */
    public static final int DEFAULT_MXCSR_MASK = 0xffbf;

    /** The size of {@code struct kvm_xsave}. */
    public static final int KVM_XSAVE_BYTES = 4096;

    private Xsave() {}
}
