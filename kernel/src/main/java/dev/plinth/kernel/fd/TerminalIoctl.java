package dev.plinth.kernel.fd;

import dev.plinth.kernel.fd.linux.Ioctls;

import java.util.Map;
import java.util.Optional;

/**
 * What a guest may ask of a terminal of the host: a list of requests, each with the size of what
 * its argument points to. Whatever is not here never reaches the host; TIOCSTI, which types on
 * behalf of the user, least of all.
 *
 * @param direction which way bytes are copied
 * @param bytes how many
 */
record TerminalIoctl(Direction direction, int bytes) {
    /** Which way the bytes go that the argument points to. */
    enum Direction {
        /** From the guest. */
        IN,
        /** To the guest. */
        OUT,
        /** The argument is a number. */
        VALUE
    }

    private static final Map<Integer, TerminalIoctl> ALLOWED =
            Map.ofEntries(
                    Map.entry(Ioctls.TCGETS, out(Ioctls.TERMIOS_BYTES)),
                    Map.entry(Ioctls.TCSETS, in(Ioctls.TERMIOS_BYTES)),
                    Map.entry(Ioctls.TCSETSW, in(Ioctls.TERMIOS_BYTES)),
                    Map.entry(Ioctls.TCSETSF, in(Ioctls.TERMIOS_BYTES)),
                    Map.entry(Ioctls.TCGETS2, out(Ioctls.TERMIOS2_BYTES)),
                    Map.entry(Ioctls.TCSETS2, in(Ioctls.TERMIOS2_BYTES)),
                    Map.entry(Ioctls.TCSETSW2, in(Ioctls.TERMIOS2_BYTES)),
                    Map.entry(Ioctls.TCSETSF2, in(Ioctls.TERMIOS2_BYTES)),
                    Map.entry(Ioctls.TCSBRK, value()),
                    Map.entry(Ioctls.TCXONC, value()),
                    Map.entry(Ioctls.TCFLSH, value()),
                    Map.entry(Ioctls.TIOCOUTQ, out(Integer.BYTES)),
                    Map.entry(Ioctls.TIOCGWINSZ, out(Ioctls.WINSIZE_BYTES)),
                    Map.entry(Ioctls.TIOCSWINSZ, in(Ioctls.WINSIZE_BYTES)),
                    Map.entry(Ioctls.FIONREAD, out(Integer.BYTES)));

    /** The request of a number, if it is allowed. */
    static Optional<TerminalIoctl> of(int request) {
        return Optional.ofNullable(ALLOWED.get(request));
    }

    private static TerminalIoctl in(int bytes) {
        return new TerminalIoctl(Direction.IN, bytes);
    }

    private static TerminalIoctl out(int bytes) {
        return new TerminalIoctl(Direction.OUT, bytes);
    }

    private static TerminalIoctl value() {
        return new TerminalIoctl(Direction.VALUE, 0);
    }
}
