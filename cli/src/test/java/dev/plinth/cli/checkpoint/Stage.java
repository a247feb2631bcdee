package dev.plinth.cli.checkpoint;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Standard input, output and error of a sandbox between two moves. Each stage has files of its own:
 * what the host calls them is never again what it was.
 *
 * <p>Confined to one thread at a time.
 */
final class Stage implements AutoCloseable {
    private static final long SYS_OPENAT = 257;
    private static final long SYS_MKNOD = 133;
    private static final long AT_FDCWD = -100;
    private static final long O_RDONLY = 0;
    private static final long O_WRONLY = 1;
    private static final long O_CREAT = 0100;
    private static final long O_APPEND = 02000;
    private static final long O_CLOEXEC = 02000000;
    private static final long S_IFIFO = 0010000;
    private static final long MODE = 0600;

    private final HostKernel host;
    private final Path output;
    private final Path errors;
    private final Path input;
    private final RandomAccessFile answers;

    /** Makes the files, in a directory that exists. */
    Stage(HostKernel host, Path directory) throws IOException {
        this.host = requireNonNull(host, "host is null");
        output = directory.resolve("stdout");
        errors = directory.resolve("stderr");
        input = directory.resolve("stdin");
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(input.toString()).address();
            host.require("mknod(" + input + ")", SYS_MKNOD, path, S_IFIFO | MODE, 0);
        }
        // For both directions: to open a FIFO for one would wait for the other side.
        answers = new RandomAccessFile(input.toFile(), "rw");
    }

    /** The descriptors of a sandbox, which takes them over. */
    Map<FdRole, HostFd> stdio() {
        long writing = O_WRONLY | O_CREAT | O_APPEND;
        return Map.of(
                FdRole.STDIN, open(input, O_RDONLY),
                FdRole.STDOUT, open(output, writing),
                FdRole.STDERR, open(errors, writing));
    }

    private HostFd open(Path file, long flags) {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(file.toString()).address();
            return new HostFd(
                    host,
                    (int)
                            host.require(
                                    "openat(" + file + ")",
                                    SYS_OPENAT,
                                    AT_FDCWD,
                                    path,
                                    flags | O_CLOEXEC,
                                    MODE));
        }
    }

    /** Lets the program at the gate go on. */
    void answer() throws IOException {
        answers.write('\n');
    }

    /** What was printed on both so far, even where it is no text. */
    String printed() {
        try {
            return read(output) + read(errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) throws IOException {
        return Files.exists(file)
                ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                : "";
    }

    @Override
    public void close() {
        try {
            answers.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
