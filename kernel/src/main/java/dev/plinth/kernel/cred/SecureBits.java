package dev.plinth.kernel.cred;

/** The flags that change how capabilities are handled: linux/securebits.h. */
public final class SecureBits {
    /** Being root means nothing to execve(2). */
    public static final int NO_ROOT = 1;

    /** Changes of user ids leave the capabilities as they are. */
    public static final int NO_SETUID_FIXUP = 1 << 2;

    /** Whoever gives up being root keeps the permitted capabilities, until execve(2). */
    public static final int KEEP_CAPS = 1 << 4;

    /** {@link #KEEP_CAPS} cannot be changed. */
    public static final int KEEP_CAPS_LOCKED = 1 << 5;

    /** Ambient capabilities cannot be added. */
    public static final int NO_CAP_AMBIENT_RAISE = 1 << 6;

    /** What only programs look at, for their own scripts: two bits, each with its lock. */
    static final int UNPRIVILEGED_AND_LOCKS = 0xf << 8;

    /** Every flag without the locks. */
    static final int ALL_BITS = 0x555;

    /** Every lock: each is the bit above its flag. */
    static final int ALL_LOCKS = ALL_BITS << 1;

    private SecureBits() {}
}
