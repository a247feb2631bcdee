package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.HostFsInodeState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** A regular file of the host. */
final class HostFile extends Inode implements HostFsInode {
    /** What is passed on to the host of the flags a guest opens a file with. */
    private static final int HOST_FLAGS = Fcntl.O_ACCMODE | Fcntl.O_SYNC;

    /** Should the file have become a fifo or a terminal meanwhile, opening it does no harm. */
    private static final int HARMLESS = Fcntl.O_NONBLOCK | Fcntl.O_NOCTTY;

    /** More is not saved of a file that is gone. */
    private static final long CONTENT_BYTES_MAX = 32 << 20;

    private final HostHandle handle;
    private final HostPages pages;

    /** Keeps a file alive that was made without a name. */
    @NotSaved("a descriptor of the host; made again with the content")
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

    /** What is saved is the way to the file; its content too, if there is none. */
    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        pages.writeBack();
        HostFsInodeState.Builder state = saveHostInode(writer).setLinkable(isLinkable());
        if (isUsed() && !handle.isThere()) {
            state.setContent(content());
        }
        return ObjectState.newBuilder().setHostFsInode(state);
    }

    private ByteString content() {
        HostFd fd =
                handle.anyOpen()
                        .orElseThrow(() ->
                                new SandboxException(
                                        ErrorCode.STATE_UNSAVABLE,
                                        handle.path() + " of the host is gone, but still mapped",
                                        "put the file back"));
        long size = handle.calls().attributes(fd).stat().size();
        if (size > CONTENT_BYTES_MAX) {
            throw new SandboxException(
                    ErrorCode.STATE_UNSAVABLE,
                    "%s of the host is gone but still open, and too large to be saved: %d bytes"
                            .formatted(handle.path(), size),
                    "put the file back, or end who has it open");
        }
        byte[] bytes = new byte[(int) size];
        int read = 0;
        try (HostFd readable = handle.calls().reopen(fd, Fcntl.O_RDONLY)) {
            while (read < bytes.length) {
                MemorySegment rest = MemorySegment.ofArray(bytes).asSlice(read);
                long count = handle.calls().read(readable, rest, read);
                if (count == 0) {
                    break;
                }
                read += (int) count;
            }
        }
        return ByteString.copyFrom(bytes, 0, read);
    }

    /** Takes over a descriptor of a file without a name that has what was saved. */
    void restoreGone(HostFsInodeState state, HostFd fd, StateReader reader) {
        keepOpen(fd);
        restoreUnnamed(state.getLinkable(), reader);
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
        if ((flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY) {
            handle.fileSystem().requireWritable();
        }
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
        handle.fileSystem().requireWritable();
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
