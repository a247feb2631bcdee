package dev.plinth.kernel.fd.linux;

/** {@code asm-generic/ioctls.h}, {@code linux/kcmp.h}. */
public final class Ioctls {
    public static final int TCGETS = 0x5401;
    public static final int TCSETS = 0x5402;
    public static final int TCSETSW = 0x5403;
    public static final int TCSETSF = 0x5404;
    public static final int TCSBRK = 0x5409;
    public static final int TCXONC = 0x540A;
    public static final int TCFLSH = 0x540B;
    public static final int TIOCGPGRP = 0x540F;
    public static final int TIOCSPGRP = 0x5410;
    public static final int TIOCOUTQ = 0x5411;
    public static final int TIOCGWINSZ = 0x5413;
    public static final int TIOCSWINSZ = 0x5414;
    public static final int FIONREAD = 0x541B;
    public static final int FIONBIO = 0x5421;
    public static final int TIOCGSID = 0x5429;
    public static final int FIONCLEX = 0x5450;
    public static final int FIOCLEX = 0x5451;
    public static final int FIOASYNC = 0x5452;
    public static final int FIOQSIZE = 0x5460;
    public static final int TCGETS2 = 0x802C_542A;
    public static final int TCSETS2 = 0x402C_542B;
    public static final int TCSETSW2 = 0x402C_542C;
    public static final int TCSETSF2 = 0x402C_542D;

    /** {@code struct termios} of the kernel. */
    public static final int TERMIOS_BYTES = 36;

    /** {@code struct termios2}. */
    public static final int TERMIOS2_BYTES = 44;

    /** {@code struct winsize}. */
    public static final int WINSIZE_BYTES = 8;

    public static final long SYS_GETPID = 39;
    public static final long SYS_KCMP = 312;
    public static final int KCMP_FILE = 0;

    private Ioctls() {}
}
