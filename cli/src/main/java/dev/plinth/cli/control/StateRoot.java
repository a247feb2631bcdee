package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

/**
 * Where sandboxes are registered, a directory for each one.
 *
 * <p>A name is taken by moving a finished directory to it, and given back by moving the directory
 * away: the host does either as a whole or not at all. Those who take and give back do so under a
 * lock, so that a name is not given back that somebody else has taken meanwhile. Readers need none.
 * Any thread may call any method.
 *
 * <p>What is written here decides which process is ended and who is given descriptors. So nothing
 * is believed of a directory that is not this user's or root's, or that others may write to; the
 * directories above it are up to whoever names it.
 */
public final class StateRoot {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

    private static final FileAttribute<?> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private static final Path ROOTS_OWN = Path.of("/run/plinth");
    private static final String LOCK = ".lock";
    private static final String NEW = ".new-";
    private static final String GONE = ".gone-";

    /** One thread of this process at a time asks for the lock, which is that of the process. */
    private static final ReentrantLock processLock = new ReentrantLock();

    private final Path path;

    /** A directory, which is made when the first sandbox is registered in it. */
    public StateRoot(Path path) {
        this.path = requireNonNull(path, "path is null").toAbsolutePath();
    }

    /**
     * Where a user's sandboxes are registered unless they say otherwise.
     *
     * @param environment of this process
     * @throws SandboxException if that is not known
     */
    public static StateRoot ofUser(Map<String, String> environment) {
        if (currentUser() == 0) {
            return new StateRoot(ROOTS_OWN);
        }
        String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
        if (!runtime.startsWith("/")) {
            throw new SandboxException(
                    ErrorCode.STATE_DIRECTORY_UNUSABLE,
                    "XDG_RUNTIME_DIR does not say where sandboxes are registered",
                    "name a directory of your own with --root DIR");
        }
        return new StateRoot(Path.of(runtime, "plinth"));
    }

    private static int currentUser() {
        try {
            return OwnDirectory.currentUser();
        } catch (IOException e) {
            throw unusable(Path.of("/proc/self"), e);
        }
    }

    /**
     * Whether a sandbox can have a name.
     *
     * @return what is wrong with it; empty if nothing is
     */
    public static Optional<String> problemOf(String id) {
        return ID.matcher(id).matches()
                ? Optional.empty()
                : Optional.of(
                        "'%s' is no name for a sandbox: letters, digits, '_', '.' and '-', at most 64"
                                .formatted(id));
    }

    /** The directory. */
    public Path path() {
        return path;
    }

    /**
     * Registers a sandbox.
     *
     * @param state of the sandbox; its name is taken
     * @throws SandboxException if there is one of its name, or nothing can be written
     */
    public SandboxDirectory create(SandboxState state) {
        Path place = path.resolve(state.id());
        try {
            makeRoot();
            try (Lock _ = new Lock()) {
                sweep();
                Path fresh = Files.createTempDirectory(path, NEW, PRIVATE);
                SandboxDirectory.write(fresh, state);
                if (Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
                    remove(fresh);
                    throw exists(new SandboxDirectory(state.id(), place));
                }
                Files.move(fresh, place, StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw unusable(path, e);
        }
        return new SandboxDirectory(state.id(), place);
    }

    private static SandboxException exists(SandboxDirectory directory) {
        boolean damaged =
                directory.look().filter(RegisteredEntry.Damaged.class::isInstance).isPresent();
        String delete = "plinth delete " + (damaged ? "--force " : "") + directory.id();
        return new SandboxException(
                ErrorCode.SANDBOX_EXISTS,
                "there is a sandbox named '" + directory.id() + "' already",
                "choose another name, or '" + delete + "' first");
    }

    private void makeRoot() throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.createDirectories(path, PRIVATE);
        }
        requireOwn();
    }

    /** Believes what is here, or refuses to. */
    private void requireOwn() throws IOException {
        Optional<OwnDirectory.Problem> found = OwnDirectory.problemOf(path);
        if (found.isPresent()) {
            OwnDirectory.Problem problem = found.get();
            String another = "name a directory of your own with --root DIR";
            throw new SandboxException(
                    ErrorCode.STATE_DIRECTORY_UNUSABLE,
                    "%s cannot be used to register sandboxes: %s".formatted(path, problem.text()),
                    problem.remedy().isEmpty() ? another : problem.remedy() + ", or " + another);
        }
    }

    /** Removes what somebody began, and was killed over. */
    private void sweep() throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(path, ".{new,gone}-*")) {
            for (Path directory : left) {
                remove(directory);
            }
        }
    }

    /**
     * The directory of a sandbox.
     *
     * @throws SandboxException if there is none of this name, or nothing here can be believed
     */
    public SandboxDirectory open(String id) {
        Path place = path.resolve(id);
        try {
            requireOwn();
        } catch (NoSuchFileException e) {
            throw SandboxDirectory.unknown(id);
        } catch (IOException e) {
            throw unusable(path, e);
        }
        if (problemOf(id).isPresent() || !Files.isDirectory(place, LinkOption.NOFOLLOW_LINKS)) {
            throw SandboxDirectory.unknown(id);
        }
        return new SandboxDirectory(id, place);
    }

    /**
     * What is registered as of now, by name.
     *
     * @throws SandboxException if nothing here can be believed
     */
    public List<RegisteredEntry> list() {
        List<RegisteredEntry> found = new ArrayList<>();
        try {
            requireOwn();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
                for (Path entry : entries) {
                    String id = String.valueOf(entry.getFileName());
                    if (problemOf(id).isEmpty()) {
                        new SandboxDirectory(id, entry).look().ifPresent(found::add);
                    }
                }
            }
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (DirectoryIteratorException e) {
            throw unusable(path, e.getCause());
        } catch (IOException e) {
            throw unusable(path, e);
        }
        found.sort(Comparator.comparing(RegisteredEntry::id));
        return found;
    }

    /**
     * Forgets a sandbox, and gives its name back; by the process that it is, or when that has
     * ended.
     *
     * @throws SandboxException if there is none of this name, another process is it, or its entry
     *     is damaged
     */
    public void delete(SandboxDirectory directory) {
        try (Lock _ = new Lock()) {
            SandboxState state = directory.state();
            if (state.isAlive() && !state.process().equals(HostProcess.current())) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_RUNNING,
                        "the sandbox '" + directory.id() + "' is " + state.status().word(),
                        "'plinth delete --force " + directory.id() + "' ends it first");
            }
            giveBack(directory);
        } catch (NoSuchFileException e) {
            throw SandboxDirectory.unknown(directory.id());
        } catch (IOException e) {
            throw unusable(directory.path(), e);
        }
    }

    /**
     * Forgets what is registered under a name if nobody can tell what it is.
     *
     * @throws SandboxException if there is nothing, or it is a sandbox after all
     */
    public void deleteDamaged(SandboxDirectory directory) {
        try (Lock _ = new Lock()) {
            if (directory.entry() instanceof RegisteredEntry.Sandbox) {
                throw exists(directory);
            }
            giveBack(directory);
        } catch (NoSuchFileException e) {
            throw SandboxDirectory.unknown(directory.id());
        } catch (IOException e) {
            throw unusable(directory.path(), e);
        }
    }

    private void giveBack(SandboxDirectory directory) throws IOException {
        Path gone = path.resolve(GONE + directory.id());
        remove(gone);
        Files.move(directory.path(), gone, StandardCopyOption.ATOMIC_MOVE);
        remove(gone);
    }

    /** Removes a directory with the files in it; nobody else knows of it. */
    private static void remove(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    static SandboxException unusable(Path what, IOException e) {
        return new SandboxException(
                ErrorCode.STATE_DIRECTORY_UNUSABLE,
                "%s cannot be used to register sandboxes: %s".formatted(what, reason(e)),
                "name a directory of your own with --root DIR",
                e);
    }

    /** What failed, in words of the host where the JDK has put its own in their place. */
    static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> "No such file or directory";
            case AccessDeniedException denied -> "Permission denied";
            case NotDirectoryException other -> "Not a directory";
            case FileAlreadyExistsException there -> "File exists";
            case DirectoryNotEmptyException full -> "Directory not empty";
            case FileSystemException failure when failure.getReason() != null ->
                    failure.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }

    /** Nobody else takes a name or gives one back while this is held. */
    private final class Lock implements AutoCloseable {
        private final FileChannel file;

        Lock() throws IOException {
            processLock.lock();
            boolean complete = false;
            try {
                file =
                        FileChannel.open(
                                path.resolve(LOCK),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                file.lock();
                complete = true;
            } finally {
                if (!complete) {
                    processLock.unlock();
                }
            }
        }

        /** Closing the file gives up the lock on it. */
        @Override
        public void close() throws IOException {
            try {
                file.close();
            } finally {
                processLock.unlock();
            }
        }
    }
}
