package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

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

    /** How often a directory without a state is looked at: another may just take its place. */
    private static final int LOOKS = 5;

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
        return readable(entry());
    }

    /**
     * What a sandbox is doing now.
     *
     * @param earlier what was known of it
     * @return empty if it is not registered any more, though another of its name may be
     * @throws SandboxException if its state cannot be read
     */
    public Optional<SandboxState> stateOf(SandboxState earlier) {
        return look().map(SandboxDirectory::readable)
                .filter(state -> state.created().equals(earlier.created()));
    }

    private static SandboxState readable(RegisteredEntry entry) {
        return switch (entry) {
            case RegisteredEntry.Sandbox sandbox -> sandbox.state();
            case RegisteredEntry.Damaged damaged -> throw damaged(damaged);
        };
    }

    /**
     * What is registered here now.
     *
     * @throws SandboxException if nothing is
     */
    public RegisteredEntry entry() {
        return look().orElseThrow(() -> unknown(id));
    }

    /** What is registered here now; empty if nothing is. */
    Optional<RegisteredEntry> look() {
        for (int i = 0; i < LOOKS && isThere(); i++) {
            try {
                return Optional.of(new RegisteredEntry.Sandbox(now()));
            } catch (NoSuchFileException _) {
                // Its state is being replaced, or it is going.
            } catch (IOException e) {
                return isThere() ? damaged(StateRoot.reason(e)) : Optional.empty();
            }
        }
        return isThere() ? damaged("it has no " + STATE) : Optional.empty();
    }

    /** A process that is gone may have said how it ended after its state was read. */
    private SandboxState now() throws IOException {
        SandboxState state = read();
        while (!state.isFinal() && !state.isAlive()) {
            SandboxState last = read();
            if (last.equals(state)) {
                return state.asOfNow();
            }
            state = last;
        }
        return state;
    }

    private boolean isThere() {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    private Optional<RegisteredEntry> damaged(String problem) {
        return Optional.of(new RegisteredEntry.Damaged(id, problem));
    }

    static SandboxException damaged(RegisteredEntry.Damaged entry) {
        return new SandboxException(
                ErrorCode.STATE_DIRECTORY_UNUSABLE,
                "the entry of the sandbox '%s' cannot be used: %s"
                        .formatted(entry.id(), entry.problem()),
                "'plinth delete --force " + entry.id() + "' removes it");
    }

    /**
     * The user that it belongs to.
     *
     * @throws SandboxException if it is not there any more
     */
    public int owner() {
        try {
            return OwnDirectory.owner(path);
        } catch (IOException e) {
            throw unknown(id);
        }
    }

    static SandboxException unknown(String id) {
        return new SandboxException(
                ErrorCode.SANDBOX_UNKNOWN,
                "there is no sandbox named '" + id + "'",
                "'plinth list' shows those there are");
    }

    /** What was written last. */
    private SandboxState read() throws IOException {
        Optional<OwnDirectory.Problem> problem = OwnDirectory.problemOf(path);
        if (problem.isPresent()) {
            throw new IOException(problem.get().text());
        }
        Path file = path.resolve(STATE);
        if (Files.size(file) > STATE_BYTES_MAX) {
            throw new IOException("it is too long");
        }
        SandboxState state;
        try {
            state = SandboxState.of(Message.parse(Files.readString(file)));
        } catch (MessageException e) {
            throw new IOException(e.getMessage(), e);
        }
        if (!state.id().equals(id)) {
            throw new IOException("it is about another sandbox");
        }
        return state;
    }

    /**
     * Writes down what the sandbox is doing; by the process that it is. Nothing happens if its
     * entry was removed, or another sandbox has its name by now.
     *
     * @throws SandboxException if that cannot be written
     */
    public synchronized void write(SandboxState state) {
        if (look().filter(entry -> isOf(state, entry)).isEmpty()) {
            return;
        }
        try {
            write(path, state);
        } catch (NoSuchFileException e) {
            // Removed just now.
            return;
        } catch (IOException e) {
            throw StateRoot.unusable(path, e);
        }
    }

    private static boolean isOf(SandboxState state, RegisteredEntry entry) {
        return switch (entry) {
            case RegisteredEntry.Sandbox sandbox ->
                    sandbox.state().created().equals(state.created());
            case RegisteredEntry.Damaged damaged -> true;
        };
    }

    /** A host that stops at any moment leaves one state or the other. */
    static void write(Path directory, SandboxState state) throws IOException {
        Path written = directory.resolve(NEW_STATE);
        ByteBuffer text = StandardCharsets.UTF_8.encode(state.toMessage().json() + "\n");
        try (FileChannel file =
                FileChannel.open(
                        written,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            while (text.hasRemaining()) {
                file.write(text);
            }
            file.force(true);
        }
        Files.move(written, directory.resolve(STATE), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
