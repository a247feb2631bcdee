package dev.plinth.cli.checkpoint;

import dev.plinth.api.host.HostFd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** One standard descriptor of a sandbox, with the test at its other end. */
final class StandardStream implements AutoCloseable {
    private final HostOpener opener;
    private final StdioKind kind;
    private final boolean input;
    private final Optional<HostFd> inner;
    private final Optional<HostFd> outer;
    private final Path file;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();

    private StandardStream(
            HostOpener opener,
            StdioKind kind,
            boolean input,
            Optional<HostFd> inner,
            Optional<HostFd> outer,
            Path file) {
        this.opener = opener;
        this.kind = kind;
        this.input = input;
        this.inner = inner;
        this.outer = outer;
        this.file = file;
    }

    /**
     * Opens it.
     *
     * @param input whether the program is to read it; else it writes
     * @param file for those that are files; may be there already, and is gone on with
     */
    static StandardStream open(HostOpener opener, StdioKind kind, boolean input, Path file) {
        Optional<HostFd> nothing = Optional.empty();
        return switch (kind) {
            case TERMINAL -> between(opener, kind, input, opener.terminal(), file);
            case PIPE -> between(opener, kind, input, opener.pipe(input), file);
            case SOCKET -> between(opener, kind, input, opener.socketPair(), file);
            case FILE -> {
                HostFd fd = opener.open(file, HostOpener.O_RDWR | HostOpener.O_CREAT);
                yield new StandardStream(opener, kind, input, Optional.of(fd), nothing, file);
            }
            case NULL -> {
                HostFd fd = opener.open(Path.of("/dev/null"), HostOpener.O_RDWR);
                yield new StandardStream(opener, kind, input, Optional.of(fd), nothing, file);
            }
            case CLOSED -> new StandardStream(opener, kind, input, nothing, nothing, file);
        };
    }

    private static StandardStream between(
            HostOpener opener, StdioKind kind, boolean input, HostOpener.Ends ends, Path file) {
        return new StandardStream(
                opener, kind, input, Optional.of(ends.inner()), Optional.of(ends.outer()), file);
    }

    StdioKind kind() {
        return kind;
    }

    /** Whether what the program writes can be seen here. */
    boolean carriesOutput() {
        return switch (kind) {
            case TERMINAL, FILE, SOCKET -> true;
            case PIPE -> !input;
            case NULL, CLOSED -> false;
        };
    }

    /** Whether the program can be given something to read. */
    boolean carriesInput() {
        return switch (kind) {
            case TERMINAL, FILE, SOCKET -> true;
            case PIPE -> input;
            case NULL, CLOSED -> false;
        };
    }

    /** What the sandbox gets: one more descriptor at each call, the caller's; empty if closed. */
    Optional<HostFd> give() {
        return inner.map(opener::duplicate);
    }

    /** Gives the program something to read, where it can get any. */
    void send(String text) throws IOException {
        if (kind == StdioKind.FILE) {
            Files.writeString(file, text, StandardOpenOption.APPEND);
        } else if (carriesInput()) {
            outer.ifPresent(fd -> opener.write(fd, text));
        }
    }

    /** All that the program has written so far. */
    String received() throws IOException {
        if (kind == StdioKind.FILE) {
            return Files.readString(file);
        }
        outer.filter(fd -> carriesOutput())
                .ifPresent(fd -> received.writeBytes(opener.readNow(fd)));
        return received.toString(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        inner.ifPresent(HostFd::close);
        outer.ifPresent(HostFd::close);
    }
}
