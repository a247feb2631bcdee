package dev.plinth.platform.kvm.linux;

/** Offsets in {@code struct kvm_userspace_memory_region} of {@code linux/kvm.h}. */
public final class KvmUserspaceMemoryRegion {
    public static final int SLOT = 0;
    public static final int GUEST_PHYS_ADDR = 8;
    public static final int MEMORY_SIZE = 16;
    public static final int USERSPACE_ADDR = 24;
    public static final int BYTES = 32;

    private KvmUserspaceMemoryRegion() {}
}
