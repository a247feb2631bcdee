package dev.plinth.kernel.strace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.boot.MockRun;
import dev.plinth.testkit.mock.Guest;
import dev.plinth.testkit.mock.GuestCode;
import dev.plinth.testkit.mock.MockElf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * The trace of the calls that a guest makes on the mock platform, in a directory with a file, a
 * directory and a link.
 *
 * <p>The lines that are expected were compared with those of strace 6.1 for a static program that
 * makes the same calls with the same data at the same addresses, in a directory with the same
 * files.
 */
final class GuestTrace {
    static final long AT_FDCWD = -100;

    /** Where the guest keeps strings. */
    static final long FILE = MockElf.DATA_ADDRESS;

    static final long DIRECTORY = FILE + 64;
    static final long NOPE = FILE + 128;
    static final long LINK = FILE + 192;
    static final long EMPTY = FILE + 256;
    static final long ATTRIBUTE = FILE + 320;

    /** Where it keeps bytes and structures: 0x601000, 0x602000 and 0x602100. */
    static final long BYTES = FILE + 0x1000;

    static final long X = FILE + 0x2000;
    static final long Y = X + 0x100;
    static final long Z = X + 0x200;

    private GuestTrace() {}

    /** The lines of what a guest does, without task number and padding, up to its end. */
    static List<String> traceOf(Path rootfs, GuestCode code)
            throws IOException, InterruptedException {
        makeFiles(rootfs);
        MockRun run = new MockRun(rootfs);
        run.run(guest -> {
            guest.storeString(FILE, "file");
            guest.storeString(DIRECTORY, "dir");
            guest.storeString(NOPE, "nope");
            guest.storeString(LINK, "link");
            guest.storeString(ATTRIBUTE, "user.x");
            code.run(guest);
            guest.exit(0);
        });
        List<String> lines =
                run.trace().stream()
                        .map(line -> line.replaceFirst("^\\[1] ", ""))
                        .map(line -> line.replaceFirst("\\) += ", ") = "))
                        .toList();
        assertEquals("exit_group(0) = ?", lines.getLast());
        return lines.subList(0, lines.size() - 1);
    }

    private static void makeFiles(Path rootfs) throws IOException {
        Path file = Files.writeString(rootfs.resolve("file"), "hello");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        Files.createDirectory(rootfs.resolve("dir"));
        Files.createSymbolicLink(rootfs.resolve("link"), Path.of("file"));
    }

    static void assertTrace(String expected, List<String> lines) {
        assertEquals(expected.strip(), String.join("\n", lines));
    }

    static void storeLongs(Guest guest, long address, long... values) {
        for (int i = 0; i < values.length; i++) {
            guest.storeLong(address + 8L * i, values[i]);
        }
    }
}
