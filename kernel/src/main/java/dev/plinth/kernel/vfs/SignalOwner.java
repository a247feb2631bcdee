package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

/**
 * Whom an open file would tell with a signal that it is ready: F_SETOWN and F_SETSIG of fcntl(2).
 *
 * @param kind what the number is of
 * @param id of the thread, process or group; zero for nobody
 * @param signal the number of the signal; zero for SIGIO
 */
public record SignalOwner(Kind kind, int id, int signal) {
    /** Nobody, as for a file that was just opened. */
    public static final SignalOwner NONE = new SignalOwner(Kind.THREAD, 0, 0);

    /** What a number is of. */
    public enum Kind {
        THREAD(0),
        PROCESS(1),
        PROCESS_GROUP(2);

        private final int number;

        Kind(int number) {
            this.number = number;
        }

        /** {@code F_OWNER_*}. */
        public int number() {
            return number;
        }
    }

    public SignalOwner {
        requireNonNull(kind, "kind is null");
    }

    /**
     * The owner that F_SETOWN_EX names.
     *
     * @throws ErrnoException EINVAL if the type is none of {@code F_OWNER_*}
     */
    public static SignalOwner of(int type, int id) {
        for (Kind kind : Kind.values()) {
            if (kind.number == type) {
                return new SignalOwner(kind, id, 0);
            }
        }
        throw ErrnoException.of(Errno.EINVAL);
    }

    /**
     * The owner that F_SETOWN names: a process, or a group if the number is negative.
     *
     * @throws ErrnoException EINVAL if the number has no opposite
     */
    public static SignalOwner ofNumber(int number) {
        if (number == Integer.MIN_VALUE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return number < 0
                ? new SignalOwner(Kind.PROCESS_GROUP, -number, 0)
                : new SignalOwner(Kind.PROCESS, number, 0);
    }

    /** The same owner, told by another signal. */
    public SignalOwner withSignal(int other) {
        return new SignalOwner(kind, id, other);
    }

    /** As F_GETOWN shows it: a group is negative. */
    public int asNumber() {
        return kind == Kind.PROCESS_GROUP ? -id : id;
    }
}
