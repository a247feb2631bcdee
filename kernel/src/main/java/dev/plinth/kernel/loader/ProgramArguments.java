package dev.plinth.kernel.loader;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.List;

/**
 * The strings that a program is started with, within the limits of execve(2).
 *
 * @param path by which it was executed: {@code AT_EXECFN}
 * @param arguments the argument list; never empty, as Linux makes sure of since 5.18
 * @param environment in the form {@code NAME=value}
 */
@SuppressWarnings("ArrayRecordComponent") // The bytes of a guest, which nobody compares.
public record ProgramArguments(byte[] path, List<byte[]> arguments, List<byte[]> environment) {
    /** The longest string, with its zero byte: MAX_ARG_STRLEN. */
    public static final int MAX_STRING_BYTES = 128 << 10;

    /** What all strings may take, however large the stack may become: 3/4 of _STK_LIM. */
    private static final long MAX_TOTAL_BYTES = 6L << 20;

    /** What they may always take: ARG_MAX. */
    private static final long MIN_TOTAL_BYTES = 128 << 10;

    public ProgramArguments {
        arguments = arguments.isEmpty() ? List.of(new byte[0]) : List.copyOf(arguments);
        environment = List.copyOf(environment);
    }

    /**
     * Holds the strings to Linux' limits ({@code bprm_stack_limits} of fs/exec.c).
     *
     * @param stackLimit RLIMIT_STACK in bytes
     * @throws ErrnoException E2BIG if they are too long, one or all
     */
    void requireFits(long stackLimit) {
        long limit = Math.max(MIN_TOTAL_BYTES, Math.min(MAX_TOTAL_BYTES, stackLimit / 4));
        long total = (long) (arguments.size() + environment.size()) * Long.BYTES;
        total += path.length + 1L;
        for (List<byte[]> strings : List.of(arguments, environment)) {
            for (byte[] string : strings) {
                if (string.length >= MAX_STRING_BYTES) {
                    throw ErrnoException.of(Errno.E2BIG);
                }
                total += string.length + 1L;
            }
        }
        if (total > limit) {
            throw ErrnoException.of(Errno.E2BIG);
        }
    }
}
