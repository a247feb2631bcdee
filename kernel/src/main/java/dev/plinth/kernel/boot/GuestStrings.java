package dev.plinth.kernel.boot;

import java.nio.charset.Charset;
import java.util.List;

/**
 * Strings of this JVM as the bytes that a guest sees.
 *
 * <p>The JVM decoded its own arguments with the encoding of the host's file names; encoding them
 * with the same gives the bytes back.
 */
final class GuestStrings {
    private static final Charset HOST =
            Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    private GuestStrings() {}

    static byte[] encode(String string) {
        return string.getBytes(HOST);
    }

    static List<byte[]> encode(List<String> strings) {
        return strings.stream().map(GuestStrings::encode).toList();
    }
}
