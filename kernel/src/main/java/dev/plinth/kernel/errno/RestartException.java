package dev.plinth.kernel.errno;

import static java.util.Objects.requireNonNull;

import java.util.EnumMap;

/**
 * A system call was broken off because a signal came, and says what is to become of it.
 *
 * <p>Control flow, not an error: the program sees either the call restarted or EINTR. The kinds are
 * those of linux/errno.h above 511, which no program ever sees.
 */
public final class RestartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What becomes of the call once the signal is dealt with. */
    public enum Kind {
        /** ERESTARTSYS: restarted if no handler runs, or if the handler has SA_RESTART. */
        UNLESS_HANDLER_FORBIDS,
        /** ERESTARTNOHAND: restarted if no handler runs, else EINTR. */
        UNLESS_HANDLED,
        /** ERESTARTNOINTR: always restarted. */
        ALWAYS,
        /**
         * ERESTART_RESTARTBLOCK: if no handler runs the program is made to call restart_syscall(2),
         * which goes on with the time that is left; else EINTR. Thrown by what the task gives when
         * it is told how to go on.
         */
        WITH_TIME_LEFT,
    }

    private static final EnumMap<Kind, RestartException> BY_KIND = new EnumMap<>(Kind.class);

    static {
        for (Kind kind : Kind.values()) {
            BY_KIND.put(kind, new RestartException(kind));
        }
    }

    private final Kind kind;

    private RestartException(Kind kind) {
        super(requireNonNull(kind, "kind is null").name(), null, false, false);
        this.kind = kind;
    }

    /** The exception of a kind; there is one instance each, without a stack trace. */
    public static RestartException of(Kind kind) {
        return BY_KIND.get(kind);
    }

    /** What becomes of the call. */
    public Kind kind() {
        return kind;
    }
}
