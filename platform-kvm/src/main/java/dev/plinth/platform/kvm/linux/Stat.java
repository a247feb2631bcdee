package dev.plinth.platform.kvm.linux;

/** Offsets in {@code struct stat} of {@code asm/stat.h}. */
public final class Stat {
    public static final int ST_MODE = 24;
    public static final int ST_GID = 32;
    public static final int BYTES = 144;

    /** The group may read and write. */
    public static final int GROUP_READ_WRITE = 0060;

    private Stat() {}
}
