package dev.plinth.platform.kvm.x86;

import dev.plinth.api.memory.AccessType;

/** Bits of a page fault's error code. */
public final class PageFault {
    public static final long PRESENT = 1;
    public static final long WRITE = 1 << 1;
    public static final long USER = 1 << 2;
    public static final long FETCH = 1 << 4;

    private PageFault() {}

    /** What the instruction attempted. */
    public static AccessType access(long errorCode) {
        if ((errorCode & FETCH) != 0) {
            return AccessType.EXECUTE;
        }
        return (errorCode & WRITE) != 0 ? AccessType.WRITE : AccessType.READ;
    }
}
