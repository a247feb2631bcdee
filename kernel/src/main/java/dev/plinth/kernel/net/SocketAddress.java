package dev.plinth.kernel.net;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.vfs.PathName;

import java.util.Arrays;

/**
 * The name of a socket: what follows the family in a {@code struct sockaddr_un}.
 *
 * @param bytes a character each: a path, a name that begins with a zero (abstract), or nothing (a
 *     socket that has no name)
 */
public record SocketAddress(String bytes) {
    /** That of a socket that has none. */
    public static final SocketAddress UNNAMED = new SocketAddress("");

    private static final int FAMILY_BYTES = Short.BYTES;

    public SocketAddress {
        requireNonNull(bytes, "bytes is null");
    }

    /**
     * The address in a structure.
     *
     * @throws ErrnoException EINVAL if it is none of a Unix socket
     */
    public static SocketAddress parse(byte[] structure) {
        boolean fits =
                structure.length >= FAMILY_BYTES && structure.length <= Socket.SOCKADDR_UN_BYTES;
        if (!fits || ((structure[0] & 0xff) | (structure[1] & 0xff) << 8) != Socket.AF_UNIX) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int end = structure.length;
        if (end > FAMILY_BYTES && structure[FAMILY_BYTES] != 0) {
            end = FAMILY_BYTES;
            while (end < structure.length && structure[end] != 0) {
                end++;
            }
        }
        byte[] name = Arrays.copyOfRange(structure, FAMILY_BYTES, end);
        return new SocketAddress(new String(name, ISO_8859_1));
    }

    /**
     * A name that was saved.
     *
     * @throws IllegalArgumentException if there is no such name
     */
    static SocketAddress restore(ByteString state) {
        String bytes = state.toString(ISO_8859_1);
        boolean isPath = !bytes.isEmpty() && bytes.charAt(0) != 0;
        if (bytes.length() > Socket.SOCKADDR_UN_BYTES - FAMILY_BYTES
                || (isPath && bytes.indexOf(0) >= 0)) {
            throw new IllegalArgumentException(
                    "a socket's name has %d bytes".formatted(bytes.length()));
        }
        return new SocketAddress(bytes);
    }

    /** What is saved of it. */
    ByteString save() {
        return ByteString.copyFrom(bytes, ISO_8859_1);
    }

    /** An abstract name. */
    static SocketAddress ofAbstract(String name) {
        return new SocketAddress("\0" + name);
    }

    /** The structure; a path ends with a zero byte. */
    public byte[] structure() {
        String name = isPath() ? bytes + "\0" : bytes;
        byte[] structure = new byte[FAMILY_BYTES + name.length()];
        structure[0] = Socket.AF_UNIX;
        System.arraycopy(name.getBytes(ISO_8859_1), 0, structure, FAMILY_BYTES, name.length());
        return structure;
    }

    /** Whether it is no name. */
    public boolean isUnnamed() {
        return bytes.isEmpty();
    }

    /** Whether it is a path. */
    public boolean isPath() {
        return !bytes.isEmpty() && bytes.charAt(0) != 0;
    }

    /** The path, if it is one. */
    public PathName path() {
        return PathName.of(bytes.getBytes(ISO_8859_1));
    }
}
