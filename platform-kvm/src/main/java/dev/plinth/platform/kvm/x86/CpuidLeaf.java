package dev.plinth.platform.kvm.x86;

/** Leaves of the instruction CPUID, and the bits in them that matter here. */
public final class CpuidLeaf {
    public static final int FEATURES = 1;

    /**
     * Of {@link #FEATURES}, register edx: HTT and ACPI. They say how the machine is built, so KVM
     * leaves them to its user.
     */
    public static final int MACHINE_FEATURES = 1 << 28 | 1 << 22;

    public static final int STRUCTURED_FEATURES = 7;

    /** Of {@link #STRUCTURED_FEATURES}, register ecx: PKU and OSPKE, protection keys. */
    public static final int PROTECTION_KEYS = 3 << 3;

    /** Of {@link #STRUCTURED_FEATURES}, register ecx: shadow stacks. */
    public static final int SHADOW_STACKS = 1 << 7;

    /** Of {@link #STRUCTURED_FEATURES}, register edx: AMX-BF16, AMX-TILE, AMX-INT8. */
    public static final int AMX = 1 << 22 | 3 << 24;

    /** Of {@link #STRUCTURED_FEATURES}, register edx: indirect branch tracking. */
    public static final int BRANCH_TRACKING = 1 << 20;

    /**
     * Vector state. Subleaf 0: eax and edx XCR0, ebx and ecx the size of an area; subleaf n from 2:
     * of component n, eax the size and ebx the offset.
     */
    public static final int XSAVE = 0xd;

    public static final int ADDRESS_SIZES = 0x8000_0008;

    private CpuidLeaf() {}
}
