package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fs;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.IntFunction;

/** /proc/[pid]/fd or fdinfo: a file for each open descriptor. */
final class DescriptorDirectory extends Directory {
    private final ProcFs fileSystem;
    private final ProcessView process;
    private final ProcNode node;
    private final FileType entryType;
    private final IntFunction<Inode> maker;
    private final ConcurrentMap<Integer, Inode> inodes = new ConcurrentHashMap<>();

    private DescriptorDirectory(
            ProcFs fileSystem,
            ProcessView process,
            int permissions,
            FileType entryType,
            IntFunction<Inode> maker) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.process = process;
        this.entryType = entryType;
        this.maker = maker;
        this.node = owned(process, permissions);
    }

    /** Links to the open files. */
    static DescriptorDirectory ofLinks(ProcFs fileSystem, ProcessView process) {
        return new DescriptorDirectory(
                fileSystem,
                process,
                0500,
                FileType.SYMLINK,
                fd -> ProcLink.ofPlace(fileSystem, owned(process, 0700), () -> place(process, fd)));
    }

    /** Texts about the open files. */
    static DescriptorDirectory ofInformation(ProcFs fileSystem, ProcessView process) {
        return new DescriptorDirectory(
                fileSystem,
                process,
                0555,
                FileType.REGULAR,
                fd ->
                        new TextFile(
                                fileSystem, owned(process, 0444), () -> information(process, fd)));
    }

    private static ProcNode owned(ProcessView process, int permissions) {
        return new ProcNode(
                permissions,
                process.credentials().uids().effective(),
                process.credentials().gids().effective());
    }

    private static Location place(ProcessView process, int fd) {
        try (FileDescription file = open(process, fd)) {
            return file.location();
        }
    }

    private static byte[] information(ProcessView process, int fd) {
        try (FileDescription file = open(process, fd)) {
            String text =
                    "pos:\t%d%nflags:\t0%o%nmnt_id:\t%d%nino:\t%d%n"
                            .formatted(
                                    position(file),
                                    file.flags(),
                                    file.location().mount().id(),
                                    file.inode().number());
            return text.getBytes(StandardCharsets.US_ASCII);
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

    private static FileDescription open(ProcessView process, int fd) {
        return process.descriptor(fd).orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        return Numbers.parse(name).filter(this::isOpen).map(this::inode);
    }

    private boolean isOpen(int fd) {
        Optional<FileDescription> file = process.descriptor(fd);
        file.ifPresent(FileDescription::close);
        return file.isPresent();
    }

    private Inode inode(int fd) {
        return inodes.computeIfAbsent(fd, maker::apply);
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        return Numbers.parse(name).filter(this::isOpen).isPresent();
    }

    @Override
    public List<DirectoryEntry> entries() {
        return process.descriptors().stream()
                .map(fd ->
                        new DirectoryEntry(
                                PathName.of(String.valueOf(fd)), inode(fd).number(), entryType))
                .toList();
    }

    @Override
    public FileStat stat() {
        return node.stat(fileSystem, number(), type(), 2);
    }

    @Override
    public Ownership ownership() {
        return node.ownership();
    }
}
