package dev.plinth.kernel.fd;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.HostErrors;
import dev.plinth.kernel.fd.linux.Ioctls;
import dev.plinth.kernel.fs.hostfs.HostAttributes;
import dev.plinth.kernel.fs.hostfs.HostCalls;
import dev.plinth.kernel.fs.hostfs.linux.Unistd;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.HostFilesState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.InodeNumbers.HostFileId;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Takes descriptors of the host into the sandbox: one object for each sandbox.
 *
 * <p>Descriptors of one open file of the host become one description, as they were outside: kcmp(2)
 * tells, or, where the host forbids it, that file, access mode and status flags are the same. A
 * file has one inode, whose number is bound to the host's in {@link InodeNumbers}.
 */
public final class HostFiles implements Stateful {
    private static final int TERMINAL_CHUNK_BYTES = 4096;

    private final HostKernel host;
    private final HostCalls calls;
    private final HostStream stream;
    private final InodeNumbers numbers;
    private final AnonymousFs fileSystem;
    private final ForegroundGroup terminal = new ForegroundGroup(FIRST_SESSION);

    /** The session of the first process. */
    private static final int FIRST_SESSION = 1;

    /** The files that were given, and were open when the last was. */
    @NotSaved("each file adds itself when it is made again")
    private final List<HostInode> given = new CopyOnWriteArrayList<>();

    /** Takes descriptors into a sandbox that gives these numbers. */
    public HostFiles(HostKernel host, InodeNumbers numbers) {
        this(host, numbers, new AnonymousFs("hostfd", Fs.ANON_INODE_FS_MAGIC, numbers));
    }

    /** The same in a file system that was saved. */
    HostFiles(HostKernel host, InodeNumbers numbers, AnonymousFs fileSystem) {
        this.host = requireNonNull(host, "host is null");
        this.numbers = requireNonNull(numbers, "numbers is null");
        this.calls = new HostCalls(host);
        this.stream = new HostStream(host);
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
    }

    /**
     * Makes open files of the host again that were saved.
     *
     * @param descriptors what is given this time, by role; each is closed as those of {@link
     *     #importAll} are, and those that are not needed stay the caller's
     */
    public static void restoring(
            Restorers restorers, HostKernel host, Map<FdRole, HostFd> descriptors) {
        new RestoredHostFiles(host, descriptors).addTo(restorers);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setHostFiles(
                        HostFilesState.newBuilder()
                                .setFileSystemRef(writer.reference(fileSystem))
                                .setForegroundGroup(terminal.get()));
    }

    /** An open file of the host and the roles it was given by. */
    private record OpenFile(
            HostFd fd, HostAttributes attributes, int flags, Map<FdRole, HostFd> all) {}

    /**
     * Takes descriptors of the first process into the sandbox.
     *
     * @param descriptors by role; each is closed when the guest has closed the last descriptor of
     *     its description
     * @return descriptions by role, each with a reference for each of its roles, which are the
     *     caller's
     * @throws ErrnoException if the host cannot tell what a descriptor is
     */
    public Map<FdRole, FileDescription> importAll(Map<FdRole, HostFd> descriptors) {
        return importAll(descriptors, terminal);
    }

    /**
     * Takes descriptors of a process from outside into the sandbox, which leads a session: a
     * terminal among them is its own, whoever else has it.
     *
     * @param descriptors as for the first process
     * @param session that the process leads
     * @return as for the first process
     * @throws ErrnoException if the host cannot tell what a descriptor is
     */
    public Map<FdRole, FileDescription> importAll(Map<FdRole, HostFd> descriptors, int session) {
        given.removeIf(inode -> !inode.isOpen());
        return importAll(descriptors, new ForegroundGroup(session));
    }

    private Map<FdRole, FileDescription> importAll(
            Map<FdRole, HostFd> descriptors, ForegroundGroup turn) {
        Map<FdRole, FileDescription> imported = new LinkedHashMap<>();
        Map<FdRole, OpenFile> openFiles = new LinkedHashMap<>();
        descriptors.forEach((role, fd) -> group(role, fd, openFiles));
        IdentityHashMap<OpenFile, FileDescription> made = new IdentityHashMap<>();
        Map<HostFileId, HostInode> inodes = new LinkedHashMap<>();
        openFiles.forEach((role, file) -> {
            FileDescription known = made.get(file);
            if (known == null) {
                HostInode inode =
                        inodes.computeIfAbsent(
                                file.attributes.id(),
                                id -> inode(file, rolesOf(id, openFiles), turn));
                known = describe(file, inode);
                made.put(file, known);
            } else {
                known.retain();
            }
            imported.put(role, known);
        });
        return imported;
    }

    private void group(FdRole role, HostFd fd, Map<FdRole, OpenFile> openFiles) {
        HostAttributes attributes = calls.attributes(fd);
        int flags =
                (int) HostErrors.check(host.syscall(Unistd.SYS_FCNTL, fd.number(), Fcntl.F_GETFL));
        for (OpenFile other : openFiles.values()) {
            if (isSameOpenFile(other, fd, attributes, flags)) {
                other.all.put(role, fd);
                openFiles.put(role, other);
                return;
            }
        }
        Map<FdRole, HostFd> all = new LinkedHashMap<>(Map.of(role, fd));
        openFiles.put(role, new OpenFile(fd, attributes, flags, all));
    }

    private boolean isSameOpenFile(
            OpenFile other, HostFd fd, HostAttributes attributes, int flags) {
        if (!other.attributes.id().equals(attributes.id()) || other.flags != flags) {
            return false;
        }
        long pid = host.syscall(Ioctls.SYS_GETPID);
        long order =
                host.syscall(
                        Ioctls.SYS_KCMP,
                        pid,
                        pid,
                        Ioctls.KCMP_FILE,
                        other.fd.number(),
                        fd.number(),
                        0);
        return order == 0 || Errno.isError(order);
    }

    private static List<FdRole> rolesOf(HostFileId file, Map<FdRole, OpenFile> openFiles) {
        return openFiles.entrySet().stream()
                .filter(entry -> entry.getValue().attributes.id().equals(file))
                .map(Map.Entry::getKey)
                .toList();
    }

    private HostInode inode(OpenFile file, List<FdRole> roles, ForegroundGroup turn) {
        HostInode inode =
                new HostInode(
                        fileSystem,
                        this,
                        file.attributes.stat(),
                        numbers.ofHostFile(file.attributes.id(), file.attributes.generation()),
                        roles,
                        turn);
        given.add(inode);
        return inode;
    }

    /** A file was made again that was saved. */
    void restored(HostInode inode) {
        given.add(inode);
    }

    /**
     * The file of a session's terminal: the one that it was given, else that of the first session.
     */
    public Optional<Inode> terminalFile(int session) {
        return openTerminal(session).or(() -> openTerminal(FIRST_SESSION));
    }

    private Optional<Inode> openTerminal(int session) {
        return given.stream()
                .filter(inode -> inode.terminal().session() == session && inode.isOpenTerminal())
                .map(Inode.class::cast)
                .findFirst();
    }

    private FileDescription describe(OpenFile file, HostInode inode) {
        HostFileDescription.Kind kind = kind(file.fd, inode.type());
        return new HostFileDescription(
                fileSystem.place(inode, shownName(inode)),
                file.flags,
                this,
                inode,
                List.copyOf(file.all.keySet()),
                List.copyOf(file.all.values()),
                kind);
    }

    /** How /proc/[pid]/fd shows a file; the host's path says nothing in the sandbox. */
    private static PathName shownName(HostInode inode) {
        String prefix =
                switch (inode.type()) {
                    case FIFO -> "pipe";
                    case SOCKET -> "socket";
                    default -> "host";
                };
        return PathName.of(prefix + ":[" + inode.number() + "]");
    }

    HostFileDescription.Kind kind(HostFd fd, FileType type) {
        return switch (type) {
            case REGULAR, BLOCK_DEVICE, DIRECTORY, SYMLINK -> HostFileDescription.Kind.REGULAR;
            case FIFO, SOCKET, ANONYMOUS -> HostFileDescription.Kind.STREAM;
            case CHARACTER_DEVICE ->
                    isTerminal(fd)
                            ? HostFileDescription.Kind.TERMINAL
                            : HostFileDescription.Kind.DEVICE;
        };
    }

    private boolean isTerminal(HostFd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment termios = arena.allocate(Ioctls.TERMIOS_BYTES, Integer.BYTES);
            return host.syscall(Unistd.SYS_IOCTL, fd.number(), Ioctls.TCGETS, termios.address())
                    == 0;
        }
    }

    /**
     * Opens a file once more that a descriptor stands for, as by way of /dev/stdin.
     *
     * <p>A regular file gets a description of its own on the host, with no more rights than the one
     * that was given; others share the host's description, which for them makes no difference that
     * a program could see.
     *
     * @throws ErrnoException EACCES if that would give more rights
     */
    HostFileDescription reopen(Location location, int flags, HostFd fd, HostInode inode) {
        int given =
                (int) HostErrors.check(host.syscall(Unistd.SYS_FCNTL, fd.number(), Fcntl.F_GETFL));
        int wanted = flags & Fcntl.O_ACCMODE;
        int has = given & Fcntl.O_ACCMODE;
        if (has != Fcntl.O_RDWR && wanted != has) {
            throw ErrnoException.of(Errno.EACCES);
        }
        HostFileDescription.Kind kind = kind(fd, inode.type());
        HostFd own =
                kind == HostFileDescription.Kind.REGULAR
                        ? calls.reopen(fd, wanted | Fcntl.O_NOCTTY)
                        : calls.duplicate(fd);
        return new HostFileDescription(location, flags, this, inode, List.of(), List.of(own), kind);
    }

    /** How a terminal is set up: a {@code struct termios} of the kernel. */
    byte[] terminalSettings(HostFd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment termios = arena.allocate(Ioctls.TERMIOS_BYTES, Integer.BYTES);
            HostErrors.check(
                    host.syscall(Unistd.SYS_IOCTL, fd.number(), Ioctls.TCGETS, termios.address()));
            return termios.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Sets a terminal up. */
    void setTerminalSettings(HostFd fd, byte[] settings) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment termios = arena.allocate(Ioctls.TERMIOS_BYTES, Integer.BYTES);
            termios.copyFrom(MemorySegment.ofArray(settings));
            HostErrors.check(
                    host.syscall(Unistd.SYS_IOCTL, fd.number(), Ioctls.TCSETS, termios.address()));
        }
    }

    HostKernel host() {
        return host;
    }

    HostCalls calls() {
        return calls;
    }

    HostStream stream() {
        return stream;
    }

    ForegroundGroup terminal() {
        return terminal;
    }

    /** How much is written to a terminal at a time, of so many bytes. */
    static long terminalChunk(long bytes) {
        return Math.min(bytes, TERMINAL_CHUNK_BYTES);
    }

    /** read(2) at the host's own position, of a file that does not let one wait. */
    long read(HostFd fd, MemorySegment piece) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = piece.isNative() ? piece : arena.allocate(piece.byteSize());
            long count =
                    HostErrors.check(
                            host.syscall(
                                    Unistd.SYS_READ,
                                    fd.number(),
                                    bytes.address(),
                                    bytes.byteSize()));
            if (!piece.isNative()) {
                MemorySegment.copy(bytes, 0, piece, 0, count);
            }
            return count;
        }
    }

    /** write(2) at the host's own position, of a file that does not let one wait. */
    long write(HostFd fd, MemorySegment piece) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes =
                    piece.isNative() ? piece : arena.allocate(piece.byteSize()).copyFrom(piece);
            return HostErrors.check(
                    host.syscall(Unistd.SYS_WRITE, fd.number(), bytes.address(), bytes.byteSize()));
        }
    }
}
