package dev.plinth.kernel.syscall;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.List;

/**
 * A line of the system call table.
 *
 * @param name of the call, as in the man pages
 * @param support how much of it there is
 * @param note what is missing, for the compatibility page; empty if nothing is
 * @param formats how a trace shows its arguments, in order
 * @param resultFormat how a trace shows its result
 * @param handler does it
 */
public record SyscallRow(
        String name,
        Support support,
        String note,
        List<ArgumentFormat> formats,
        ResultFormat resultFormat,
        SyscallHandler handler) {
    /** How much of a call there is. */
    public enum Support {
        /** All that Linux does. */
        FULL,
        /** Some; the note says what is missing. */
        PARTIAL,
        /** Nothing: the call fails; the note says how and why. */
        NONE
    }

    public SyscallRow {
        requireNonNull(name, "name is null");
        requireNonNull(support, "support is null");
        requireNonNull(resultFormat, "resultFormat is null");
        requireNonNull(handler, "handler is null");
        formats = List.copyOf(formats);
        if (note.isEmpty() != (support == Support.FULL)) {
            throw new IllegalArgumentException(name + ": a note says what is missing, if anything");
        }
        if (formats.size() > SyscallArguments.COUNT) {
            throw new IllegalArgumentException(name + ": too many arguments");
        }
    }

    /** A call that does all that Linux does. */
    public static SyscallRow supported(
            String name, SyscallHandler handler, ArgumentFormat... formats) {
        return new SyscallRow(
                name, Support.FULL, "", List.of(formats), ResultFormat.DECIMAL, handler);
    }

    /** A call that does some of what Linux does. */
    public static SyscallRow partial(
            String name, String note, SyscallHandler handler, ArgumentFormat... formats) {
        return new SyscallRow(
                name, Support.PARTIAL, note, List.of(formats), ResultFormat.DECIMAL, handler);
    }

    /** A call that always fails. */
    public static SyscallRow unimplemented(
            String name, Errno errno, String note, ArgumentFormat... formats) {
        return new SyscallRow(
                name,
                Support.NONE,
                errno + ": " + note,
                List.of(formats),
                ResultFormat.DECIMAL,
                (task, arguments) -> {
                    throw ErrnoException.of(errno);
                });
    }

    /** The same row with another way to show the result. */
    public SyscallRow returning(ResultFormat other) {
        return new SyscallRow(name, support, note, formats, other, handler);
    }
}
