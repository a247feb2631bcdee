package dev.plinth.kernel.vfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.plinth.kernel.vfs.linux.Fs;

/**
 * A path, or one name of it, as Linux sees it: bytes without a NUL, in no particular character set.
 *
 * <p>Immutable. It is kept as a string with one character for each byte, so that comparing, hashing
 * and cutting cost what they cost for strings and no byte is lost.
 */
public final class PathName implements Comparable<PathName> {
    /** The path of no bytes. */
    public static final PathName EMPTY = new PathName("");

    /** The root directory. */
    public static final PathName ROOT = new PathName("/");

    /** The directory itself. */
    public static final PathName DOT = new PathName(".");

    /** The directory's parent. */
    public static final PathName DOT_DOT = new PathName("..");

    private final String bytes;

    private PathName(String bytes) {
        this.bytes = bytes;
    }

    /**
     * The path of these bytes.
     *
     * @throws IllegalArgumentException if one of them is NUL
     */
    public static PathName of(byte[] bytes) {
        return ofBytes(new String(bytes, ISO_8859_1));
    }

    /**
     * The path that a Java string names, in UTF-8.
     *
     * @throws IllegalArgumentException if the string holds a NUL
     */
    public static PathName of(String text) {
        return of(text.getBytes(UTF_8));
    }

    private static PathName ofBytes(String bytes) {
        if (bytes.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("NUL in a path: " + bytes);
        }
        return new PathName(bytes);
    }

    /** The number of bytes. */
    public int length() {
        return bytes.length();
    }

    /** Whether there are no bytes. */
    public boolean isEmpty() {
        return bytes.isEmpty();
    }

    /** Whether the path starts at the root. */
    public boolean isAbsolute() {
        return bytes.startsWith("/");
    }

    /** Whether the path ends in a slash, and so can name only a directory. */
    public boolean endsWithSlash() {
        return bytes.endsWith("/");
    }

    /** Whether a directory can have an entry of this name. */
    public boolean isName() {
        return !isEmpty()
                && length() <= Fs.NAME_MAX
                && indexOf('/', 0) < 0
                && !equals(DOT)
                && !equals(DOT_DOT);
    }

    /** The byte at an index, as an unsigned value. */
    public int byteAt(int index) {
        return bytes.charAt(index);
    }

    /** The index of the first such ASCII character from an index on, or -1. */
    public int indexOf(char character, int from) {
        return bytes.indexOf(character, from);
    }

    /** The bytes from {@code start} to before {@code end}. */
    public PathName slice(int start, int end) {
        return start == 0 && end == bytes.length()
                ? this
                : new PathName(bytes.substring(start, end));
    }

    /** This path followed by the other bytes. */
    public PathName concat(PathName other) {
        return new PathName(bytes.concat(other.bytes));
    }

    /** The path of an entry in the directory that this path names. */
    public PathName child(PathName name) {
        return new PathName(
                bytes.isEmpty() || endsWithSlash() ? bytes + name.bytes : bytes + '/' + name.bytes);
    }

    /** The bytes, in an array of the caller's own, without a terminator. */
    public byte[] toBytes() {
        return bytes.getBytes(ISO_8859_1);
    }

    /** Orders by unsigned bytes. */
    @Override
    public int compareTo(PathName other) {
        return bytes.compareTo(other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PathName name && bytes.equals(name.bytes);
    }

    @Override
    public int hashCode() {
        return bytes.hashCode();
    }

    /** For people: as UTF-8, with a replacement character where it is none. */
    @Override
    public String toString() {
        return new String(toBytes(), UTF_8);
    }
}
