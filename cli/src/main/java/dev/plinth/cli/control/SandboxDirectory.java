package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * Where a sandbox is registered: a directory with its state and its control socket.
 *
 * <p>It is there from the moment that it can be seen to the moment that it cannot: it appears with
 * its state in it, and every later state replaces the one before as a whole. The process that is
 * the sandbox is alone in writing to it. Any thread may read.
 */
public final class SandboxDirectory {
    /** The control socket. */
    public static final String SOCKET = "control.sock";

    static final String STATE = "state.json";

    private static final String NEW_STATE = ".state.json.new";

    private static final long STATE_BYTES_MAX = 8 << 20;

    private final String id;
    private final Path path;

    SandboxDirectory(String id, Path path) {
        this.id = requireNonNull(id, "id is null");
        this.path = requireNonNull(path, "path is null");
    }

    /** The name of the sandbox. */
    public String id() {
        return id;
    }

    /** The directory. */
    public Path path() {
        return path;
    }

    /**
     * What the sandbox is doing now.
     *
     * @throws SandboxException if there is no such sandbox, or its state cannot be read
     */
    public SandboxState state() {
        try {
            return read().asOfNow();
        } catch (NoSuchFileException e) {
            throw unknown(id);
        } catch (IOException e) {
            throw StateRoot.unusable(path.resolve(STATE), e);
        }
    }

    static SandboxException unknown(String id) {
        return new SandboxException(
                ErrorCode.SANDBOX_UNKNOWN,
                "there is no sandbox named '" + id + "'",
                "'plinth list' shows those there are");
    }

    /** What was written last. */
    SandboxState read() throws IOException {
        Path file = path.resolve(STATE);
        if (Files.size(file) > STATE_BYTES_MAX) {
            throw new IOException("it is too long");
        }
        try {
            return SandboxState.of(Message.parse(Files.readString(file)));
        } catch (MessageException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /**
     * Writes down what the sandbox is doing; by the process that it is.
     *
     * @throws SandboxException if that cannot be written
     */
    public synchronized void write(SandboxState state) {
        try {
            write(path, state);
        } catch (IOException e) {
            throw StateRoot.unusable(path, e);
        }
    }

    static void write(Path directory, SandboxState state) throws IOException {
        Path written = directory.resolve(NEW_STATE);
        Files.writeString(
                written,
                state.toMessage().json() + "\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE);
        Files.move(written, directory.resolve(STATE), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
