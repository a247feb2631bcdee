package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** A regular file of the host. */
final class HostFile extends Inode implements HostFsInode {
    /** What is passed on to the host of the flags a guest opens a file with. */
    private static final int HOST_FLAGS = Fcntl.O_ACCMODE | Fcntl.O_SYNC;

    /** Should the file have become a fifo or a terminal meanwhile, opening it does no harm. */
    private static final int HARMLESS = Fcntl.O_NONBLOCK | Fcntl.O_NOCTTY;

    private final HostHandle handle;
    private final HostPages pages;

    /** Keeps a file alive that was made without a name. */
    private final AtomicReference<Optional<HostFd>> keeper =
            new AtomicReference<>(Optional.empty());

    HostFile(HostHandle handle, long number) {
        super(handle.fileSystem(), number, FileType.REGULAR);
        this.handle = requireNonNull(handle, "handle is null");
        this.pages = new HostPages(handle.calls(), handle.fileSystem().reclaim());
    }

    /** Keeps a file that has no name alive while it is in use. Takes the descriptor over. */
    void keepOpen(HostFd fd) {
        handle.addOpen(fd);
        keeper.set(Optional.of(fd));
    }

    @Override
    public HostHandle handle() {
        return handle;
    }

    HostPages pages() {
        return pages;
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
    public FileDescription open(Location location, int flags) {
        HostFd fd = handle.open((flags & HOST_FLAGS) | HARMLESS);
        try {
            pages.validate(handle.lastKnown());
            handle.fileSystem().reclaim().becameBusy(this);
            return new HostfsDescription(location, flags, this, fd);
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
    }

    @Override
    public void truncate(long size) {
        try (HostFd fd = handle.open(Fcntl.O_WRONLY | HARMLESS)) {
            truncate(fd, size);
        }
    }

    /** Sets the size by way of a descriptor that is open for writing. */
    void truncate(HostFd fd, long size) {
        pages.writeBack();
        handle.calls().truncate(fd, size);
        handle.distrust();
        pages.truncated(size);
    }

    private void letGo(HostFd fd) {
        handle.removeOpen(fd);
        fd.close();
    }

    @Override
    protected void unused() {
        if (!isUsed()) {
            keeper.getAndSet(Optional.empty()).ifPresent(this::letGo);
        }
        pages.unused(this::isUsed);
        if (!isUsed()) {
            handle.fileSystem().reclaim().becameIdle(this);
        }
    }
}
