package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.hostfs.linux.Dirent;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers.HostFileId;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Stat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A directory of the host. */
final class HostDirectory extends Directory implements HostFsInode {
    private final HostHandle handle;

    HostDirectory(HostHandle handle, long number) {
        super(handle.fileSystem(), number);
        this.handle = requireNonNull(handle, "handle is null");
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder().setHostFsInode(saveHostInode(writer));
    }

    @Override
    public HostHandle handle() {
        return handle;
    }

    private HostCalls calls() {
        return handle.calls();
    }

    @Override
    public FileStat stat() {
        return handle.stat(this);
    }

    @Override
    protected AttributeStore attributeStore() {
        return handle;
    }

    @Override
    public Ownership ownership() {
        return handle.ownership();
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        return handle.fileSystem()
                .directories()
                .with(handle, directory -> calls().attributes(directory, name))
                .map(attributes -> handle.fileSystem().inode(attributes, handle, name));
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        return HostFs.handleOf(inode).isTrusted();
    }

    @Override
    public List<DirectoryEntry> entries() {
        try (HostFd fd = handle.open(Fcntl.O_DIRECTORY)) {
            long device = handle.lastKnown().id().device();
            List<DirectoryEntry> entries = new ArrayList<>();
            for (HostCalls.RawEntry raw : calls().list(fd)) {
                entry(device, raw).ifPresent(entries::add);
            }
            return entries;
        }
    }

    private Optional<DirectoryEntry> entry(long device, HostCalls.RawEntry raw) {
        if (raw.type() == Dirent.DT_UNKNOWN) {
            return lookup(raw.name())
                    .map(inode -> new DirectoryEntry(raw.name(), inode.number(), inode.type()));
        }
        long number = handle.fileSystem().numberOf(new HostFileId(device, raw.inode()));
        return FileType.ofMode(raw.type() << 12)
                .map(type -> new DirectoryEntry(raw.name(), number, type));
    }

    @Override
    public Inode create(PathName name, NewNode node) {
        int flags = Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_WRONLY | Fcntl.O_NOFOLLOW;
        try (HostFd directory = openSelf();
                HostFd fd = calls().open(directory, name, flags, node.permissions())) {
            return made(name, node, fd);
        }
    }

    @Override
    public Inode createUnnamed(NewNode node) {
        int flags = Fcntl.O_TMPFILE | Fcntl.O_RDWR;
        try (HostFd directory = openSelf()) {
            HostFd fd = calls().open(directory, PathName.DOT, flags, node.permissions());
            try {
                PathName shown = PathName.of("#" + calls().attributes(fd).id().inode());
                HostFile file = (HostFile) made(shown, node, fd);
                file.keepOpen(fd);
                return file;
            } catch (ErrnoException e) {
                fd.close();
                throw e;
            }
        }
    }

    @Override
    public Directory makeDirectory(PathName name, NewNode node) {
        try (HostFd directory = openSelf()) {
            calls().makeDirectory(directory, name, node.permissions());
            return (Directory) made(directory, name, node);
        }
    }

    @Override
    public Inode makeSymlink(PathName name, PathName target, NewNode node) {
        try (HostFd directory = openSelf()) {
            calls().makeSymlink(target, directory, name);
            return made(directory, name, node);
        }
    }

    @Override
    public Inode makeNode(PathName name, FileType type, DeviceNumber deviceId, NewNode node) {
        if (type.isDevice()) {
            // A device on the host is a way to the host, whoever opens it later.
            throw ErrnoException.of(Errno.EPERM);
        }
        try (HostFd directory = openSelf()) {
            calls().makeNode(directory, name, type.modeBits() | node.permissions(), deviceId);
            return made(directory, name, node);
        }
    }

    private Inode made(HostFd directory, PathName name, NewNode node) {
        try (HostFd fd = calls().open(directory, name, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            return made(name, node, fd);
        }
    }

    /** Gives a new file the owner and permissions it was to have, whatever the JVM's umask is. */
    private Inode made(PathName name, NewNode node, HostFd fd) {
        FileStat stat = calls().attributes(fd).stat();
        if (stat.uid() != node.uid() || stat.gid() != node.gid()) {
            calls().setOwner(fd, node.uid(), node.gid());
        }
        boolean isLink = stat.type() == FileType.SYMLINK;
        if (!isLink && calls().attributes(fd).stat().permissions() != node.permissions()) {
            calls().setPermissions(fd, node.permissions() & Stat.PERMISSION_BITS);
        }
        handle.distrust();
        return handle.fileSystem().inode(calls().attributes(fd), handle, name);
    }

    @Override
    public void link(PathName name, Inode inode) {
        HostHandle linked = HostFs.handleOf(inode);
        try (HostFd directory = openSelf()) {
            linked.withDescriptor(fd -> {
                calls().link(fd, directory, name);
                return true;
            });
        }
        linked.moved(handle, name);
        linked.distrust();
        handle.distrust();
    }

    @Override
    public void unlink(PathName name, Inode inode) {
        try (HostFd directory = openSelf()) {
            calls().unlink(directory, name);
        }
        HostFs.handleOf(inode).unlinked();
        handle.distrust();
    }

    @Override
    public void removeDirectory(PathName name, Directory removed) {
        try (HostFd directory = openSelf()) {
            calls().removeDirectory(directory, name);
        }
        HostFs.handleOf(removed).unlinked();
        handle.fileSystem().directories().forget(HostFs.handleOf(removed));
        handle.distrust();
    }

    @Override
    public void rename(Rename rename) {
        HostDirectory target = (HostDirectory) rename.newDirectory();
        try (HostFd from = openSelf();
                HostFd to = target.openSelf()) {
            int flags = rename.exchange() ? Fs.RENAME_EXCHANGE : 0;
            calls().rename(from, rename.oldName(), to, rename.newName(), flags);
        }
        HostFs.handleOf(rename.moved()).moved(target.handle, rename.newName());
        if (rename.exchange()) {
            HostFs.handleOf(rename.replaced().orElseThrow()).moved(handle, rename.oldName());
        } else {
            rename.replaced().ifPresent(replaced -> HostFs.handleOf(replaced).unlinked());
        }
        handle.distrust();
        target.handle.distrust();
    }

    /** To change what is in it. */
    private HostFd openSelf() {
        handle.fileSystem().requireWritable();
        return handle.open(Fcntl.O_PATH | Fcntl.O_DIRECTORY);
    }
}
