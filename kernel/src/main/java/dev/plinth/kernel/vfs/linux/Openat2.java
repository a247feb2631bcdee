package dev.plinth.kernel.vfs.linux;

/** {@code linux/openat2.h}. */
public final class Openat2 {
    public static final int RESOLVE_NO_XDEV = 0x01;
    public static final int RESOLVE_NO_MAGICLINKS = 0x02;
    public static final int RESOLVE_NO_SYMLINKS = 0x04;
    public static final int RESOLVE_BENEATH = 0x08;
    public static final int RESOLVE_IN_ROOT = 0x10;
    public static final int RESOLVE_CACHED = 0x20;

    public static final int VALID_RESOLVE_FLAGS =
            RESOLVE_NO_XDEV
                    | RESOLVE_NO_MAGICLINKS
                    | RESOLVE_NO_SYMLINKS
                    | RESOLVE_BENEATH
                    | RESOLVE_IN_ROOT
                    | RESOLVE_CACHED;

    /** {@code OPEN_HOW_SIZE_VER0}: {@code sizeof(struct open_how)} as of Linux 5.6. */
    public static final int OPEN_HOW_BYTES = 24;

    private Openat2() {}
}
