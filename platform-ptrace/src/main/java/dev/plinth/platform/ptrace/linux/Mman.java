package dev.plinth.platform.ptrace.linux;

/** Mirrors {@code linux/mman.h} and {@code linux/memfd.h}. */
public final class Mman {
    public static final int PROT_READ = 1;
    public static final int PROT_EXEC = 4;
    public static final int MAP_SHARED = 1;
    public static final int MAP_PRIVATE = 2;
    public static final int MAP_FIXED = 0x10;
    public static final int MFD_CLOEXEC = 1;
    public static final int MFD_ALLOW_SEALING = 2;

    /** Linux 6.3: the file may be executed; older kernels allow that anyway. */
    public static final int MFD_EXEC = 0x10;

    private Mman() {}
}
