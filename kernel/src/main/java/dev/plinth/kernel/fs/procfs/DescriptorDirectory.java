package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.NamedEntries;
import dev.plinth.kernel.fs.pseudofs.PseudoContent;
import dev.plinth.kernel.fs.pseudofs.PseudoFile;
import dev.plinth.kernel.fs.pseudofs.PseudoLink;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** /proc/[pid]/fd or fdinfo: a file for each open descriptor. */
@NotSaved("made again by its name")
final class DescriptorDirectory extends Directory implements NamedEntries {
    private final ProcessDirectory parent;
    private final ProcFs fileSystem;
    private final ThreadView thread;
    private final Supplier<Ownership> owner;
    private final FileType entryType;
    private final IntFunction<Inode> maker;
    private final ConcurrentMap<Integer, Inode> inodes = new ConcurrentHashMap<>();

    private DescriptorDirectory(
            ProcessDirectory parent,
            ProcFs fileSystem,
            ThreadView thread,
            Supplier<Ownership> owner,
            FileType entryType,
            IntFunction<Inode> maker) {
        super(fileSystem, fileSystem.nextNumber());
        this.parent = parent;
        this.fileSystem = fileSystem;
        this.thread = thread;
        this.owner = owner;
        this.entryType = entryType;
        this.maker = maker;
    }

    /** Links to the open files. */
    static DescriptorDirectory ofLinks(
            ProcessDirectory parent, ProcFs fileSystem, ProcessView process, ThreadView thread) {
        return new DescriptorDirectory(
                parent,
                fileSystem,
                thread,
                () -> ProcessAccess.owner(process, thread, 0500),
                FileType.SYMLINK,
                fd ->
                        PseudoLink.ofPlace(
                                fileSystem,
                                () -> ProcessAccess.owner(process, thread, mode(thread, fd)),
                                caller -> {
                                    ProcessAccess.requireInspect(caller, process, thread);
                                    return place(thread, fd);
                                }));
    }

    /** Texts about the open files. */
    static DescriptorDirectory ofInformation(
            ProcessDirectory parent, ProcFs fileSystem, ProcessView process, ThreadView thread) {
        return new DescriptorDirectory(
                parent,
                fileSystem,
                thread,
                () -> ProcessAccess.owner(process, thread, 0555),
                FileType.REGULAR,
                fd ->
                        new PseudoFile(
                                fileSystem,
                                () -> ProcessAccess.owner(process, thread, 0444),
                                PseudoContent.text(() -> information(thread, fd))));
    }

    private static Location place(ThreadView thread, int fd) {
        try (FileDescription file = open(thread, fd)) {
            return file.location();
        }
    }

    /** The permissions of a link tell how its file is open. */
    private static int mode(ThreadView thread, int fd) {
        Optional<FileDescription> open = thread.descriptor(fd);
        if (open.isEmpty()) {
            return 0;
        }
        try (FileDescription file = open.get()) {
            return (file.isReadable() ? 0500 : 0) | (file.isWritable() ? 0300 : 0);
        }
    }

    private static String information(ThreadView thread, int fd) {
        try (FileDescription file = open(thread, fd)) {
            int closes = thread.closesOnExec(fd) ? Fcntl.O_CLOEXEC : 0;
            return "pos:\t%d%nflags:\t0%o%nmnt_id:\t%d%nino:\t%d%n"
                    .formatted(
                            position(file),
                            file.flags() | closes,
                            file.location().mount().id(),
                            file.inode().number());
        }
    }

    private static long position(FileDescription file) {
        try {
            return file.seek(0, Fs.SEEK_CUR);
        } catch (ErrnoException e) {
            // A pipe or a terminal has no position: it shows as zero.
            return 0;
        }
    }

    private static FileDescription open(ThreadView thread, int fd) {
        return thread.descriptor(fd).orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        return Numbers.parse(name).filter(this::isOpen).map(this::inode).or(fileSystem::missing);
    }

    @Override
    public Optional<Inode> restoreInode(PathName name, boolean gone) {
        return Numbers.parse(name).map(fd -> gone ? maker.apply(fd) : inode(fd));
    }

    @Override
    public Map<PathName, Inode> knownInodes() {
        Map<PathName, Inode> known = new HashMap<>();
        for (int fd : thread.descriptors()) {
            Inode inode = inodes.get(fd);
            if (inode != null) {
                known.put(PathName.of(String.valueOf(fd)), inode);
            }
        }
        return known;
    }

    private boolean isOpen(int fd) {
        Optional<FileDescription> file = thread.descriptor(fd);
        file.ifPresent(FileDescription::close);
        return file.isPresent();
    }

    private Inode inode(int fd) {
        return inodes.computeIfAbsent(fd, maker::apply);
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        Optional<Integer> fd = Numbers.parse(name);
        boolean open = fd.filter(this::isOpen).isPresent();
        if (!open) {
            fd.ifPresent(inodes::remove);
        }
        return open;
    }

    @Override
    public List<DirectoryEntry> entries() {
        parent.requireThere();
        return thread.descriptors().stream()
                .map(fd ->
                        new DirectoryEntry(
                                PathName.of(String.valueOf(fd)), inode(fd).number(), entryType))
                .toList();
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, 2);
    }

    @Override
    public Ownership ownership() {
        return owner.get();
    }
}
