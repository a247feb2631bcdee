package dev.plinth.kernel.vfs;

/**
 * How a path is resolved.
 *
 * @param followLast whether a symbolic link at the end is followed, too; one before a slash always
 *     is
 * @param allowEmpty whether the empty path names the place where the walk starts (AT_EMPTY_PATH)
 * @param resolve the {@code RESOLVE_*} flags of openat2(2)
 */
public record Lookup(boolean followLast, boolean allowEmpty, int resolve) {
    /** As stat(2). */
    public static final Lookup FOLLOW = new Lookup(true, false, 0);

    /** As lstat(2). */
    public static final Lookup NO_FOLLOW = new Lookup(false, false, 0);

    /** The same, with or without AT_EMPTY_PATH. */
    public Lookup withAllowEmpty(boolean allow) {
        return new Lookup(followLast, allow, resolve);
    }

    /** Whether a {@code RESOLVE_*} flag is set. */
    boolean has(int flag) {
        return (resolve & flag) != 0;
    }
}
