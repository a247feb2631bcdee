package dev.plinth.api.layout;

import java.util.regex.Pattern;

/**
 * What a donated descriptor is for, such as {@code stdio/1}, {@code device/kvm} or {@code log}.
 *
 * @param name lower-case words of letters, digits, dots and dashes, separated by slashes; at most
 *     {@value #MAX_LENGTH} characters
 */
public record FdRole(String name) {
    /** The greatest length of a name. */
    public static final int MAX_LENGTH = 64;

    private static final Pattern NAME =
            Pattern.compile("[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*)*");

    /** The sandbox's standard input. */
    public static final FdRole STDIN = new FdRole("stdio/0");

    /** The sandbox's standard output. */
    public static final FdRole STDOUT = new FdRole("stdio/1");

    /** The sandbox's standard error. */
    public static final FdRole STDERR = new FdRole("stdio/2");

    /** The listening socket over which a sandbox is controlled. */
    public static final FdRole CONTROL = new FdRole("control");

    /** The debug log. */
    public static final FdRole LOG = new FdRole("log");

    /** The pipe by which a sandbox tells its launcher that it runs, or why it does not. */
    public static final FdRole LAUNCHER = new FdRole("launcher");

    public FdRole {
        if (name.length() > MAX_LENGTH || !NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("not a descriptor role: '" + name + "'");
        }
    }

    /**
     * The role of standard input, output or error.
     *
     * @param number 0, 1 or 2
     */
    public static FdRole stdio(int number) {
        return switch (number) {
            case 0 -> STDIN;
            case 1 -> STDOUT;
            case 2 -> STDERR;
            default -> throw new IllegalArgumentException("not a stdio number: " + number);
        };
    }

    /** The role of a device that a platform declares, such as {@code kvm}. */
    public static FdRole device(String device) {
        return new FdRole("device/" + device);
    }

    /** How a donation is logged: {@code stdin}, {@code stdout}, {@code stderr}, else the name. */
    public String label() {
        if (equals(STDIN)) {
            return "stdin";
        }
        if (equals(STDOUT)) {
            return "stdout";
        }
        return equals(STDERR) ? "stderr" : name;
    }

    @Override
    public String toString() {
        return name;
    }

    // Written out: those of a record are linked when they are first used, which takes a
    // millisecond.
    @Override
    public boolean equals(Object other) {
        return other instanceof FdRole role && name.equals(role.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }
}
