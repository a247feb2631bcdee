package dev.plinth.cli;

import dev.plinth.kernel.boot.SandboxSpec;

import java.util.Locale;

/** The values of the options that say who a program is in its sandbox, and what it may take. */
final class SandboxOptions {
    /** What Linux has room for, without a final zero byte. */
    private static final int MAX_HOSTNAME = 64;

    private static final String UNITS = "kmgt";

    private SandboxOptions() {}

    /**
     * Reads {@code UID[:GID]}.
     *
     * @throws UsageException if it makes no sense
     */
    static SandboxSpec.User user(String value) {
        int colon = value.indexOf(':');
        String uid = colon < 0 ? value : value.substring(0, colon);
        String gid = colon < 0 ? uid : value.substring(colon + 1);
        try {
            return new SandboxSpec.User(id(uid), id(gid));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--user '" + value + "' is not of the form UID[:GID]");
        }
    }

    private static int id(String digits) {
        if (!digits.matches("[0-9]+")) {
            throw new IllegalArgumentException(digits);
        }
        return Integer.parseUnsignedInt(digits);
    }

    /**
     * Reads a host name.
     *
     * @throws UsageException if it is none
     */
    static String hostname(String value) {
        if (!value.matches("[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
                || value.length() > MAX_HOSTNAME) {
            throw new UsageException(
                    "--hostname '"
                            + value
                            + "': letters, digits, dots and dashes, at most "
                            + MAX_HOSTNAME);
        }
        return value;
    }

    /**
     * Reads an amount of memory.
     *
     * @throws UsageException if it is none, or less than a program can begin with
     */
    static long memory(String value) {
        String lower = value.toLowerCase(Locale.ROOT);
        int unit = lower.isEmpty() ? -1 : UNITS.indexOf(lower.charAt(lower.length() - 1));
        String digits = unit < 0 ? lower : lower.substring(0, lower.length() - 1);
        try {
            if (!digits.matches("[0-9]+")) {
                throw new NumberFormatException(digits);
            }
            long bytes = Math.multiplyExact(Long.parseLong(digits), 1L << (10 * (unit + 1)));
            if (bytes >= SandboxSpec.Bounds.LEAST_MEMORY) {
                return bytes;
            }
        } catch (ArithmeticException | NumberFormatException e) {
            throw new UsageException(
                    "--memory '" + value + "' is not of the form BYTES, with k, m, g or t");
        }
        throw new UsageException(
                "--memory '"
                        + value
                        + "': a program needs "
                        + (SandboxSpec.Bounds.LEAST_MEMORY >> 20)
                        + "m at least");
    }

    /**
     * Reads how many processes and threads there may be.
     *
     * @throws UsageException if it is no number from 1 to the most there can be
     */
    static int tasks(String value) {
        try {
            int tasks = Integer.parseInt(value);
            if (tasks >= 1 && tasks <= SandboxSpec.Bounds.DEFAULT_TASKS) {
                return tasks;
            }
        } catch (NumberFormatException e) {
            throw new UsageException("--pids '" + value + "' is no number");
        }
        throw new UsageException(
                "--pids '" + value + "' is not between 1 and " + SandboxSpec.Bounds.DEFAULT_TASKS);
    }
}
