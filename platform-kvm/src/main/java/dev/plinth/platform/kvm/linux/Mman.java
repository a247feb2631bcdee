package dev.plinth.platform.kvm.linux;

/** Mirrors {@code asm-generic/mman-common.h}. */
public final class Mman {
    public static final int MADV_DONTNEED = 4;

    private Mman() {}
}
