package dev.plinth.kernel.fd;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.HostErrors;
import dev.plinth.kernel.fd.linux.Ioctls;
import dev.plinth.kernel.fs.hostfs.linux.Unistd;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.HostFileDescriptionState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.UserMemory;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Poll;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * An open file that the host gave: standard input, output or error.
 *
 * <p>Its position is the host's, which whoever gave it shares. Its status flags are the sandbox's
 * own: they begin as the host's, and changing them changes nothing on the host.
 */
public final class HostFileDescription extends FileDescription {
    private static final Logger log = LoggerFactory.getLogger(HostFileDescription.class);

    private final HostFiles files;
    private final HostInode inode;
    private final List<FdRole> roles;
    private final List<HostFd> owned;
    private final HostFd fd;
    private final Kind kind;

    /** What can be done with the file. */
    enum Kind {
        /** It has positions, and never lets one wait. */
        REGULAR,
        /** It has neither positions nor waiting: /dev/null and its like. */
        DEVICE,
        /** A pipe or socket. */
        STREAM,
        /** A stream that knows the requests of terminals. */
        TERMINAL
    }

    /**
     * An open file with one reference, the caller's.
     *
     * @param roles by which it was given; empty for one that the sandbox opened from such a one
     * @param owned descriptors of one and the same file, closed with this; the first is used
     */
    HostFileDescription(
            Location location,
            int flags,
            HostFiles files,
            HostInode inode,
            List<FdRole> roles,
            List<HostFd> owned,
            Kind kind) {
        super(location, flags);
        this.files = requireNonNull(files, "files is null");
        this.roles = List.copyOf(roles);
        this.owned = List.copyOf(owned);
        this.fd = owned.getFirst();
        this.kind = requireNonNull(kind, "kind is null");
        this.inode = requireNonNull(inode, "inode is null");
        inode.addOpen(this);
    }

    /** By which roles it was given: what a checkpoint knows it by. */
    List<FdRole> roles() {
        return roles;
    }

    /** The descriptor of the host. */
    HostFd fd() {
        return fd;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        HostFileDescriptionState.Builder state =
                HostFileDescriptionState.newBuilder()
                        .setFile(saveOpenFile(writer))
                        .setHostInodeRef(writer.reference(inode))
                        .addAllRoles(roles.stream().map(FdRole::name).toList());
        if (kind == Kind.TERMINAL) {
            terminalSettings().ifPresent(state::setTermios);
        }
        return ObjectState.newBuilder().setHostFileDescription(state);
    }

    /** None if the terminal's other end is gone, as that of a window that was closed. */
    private Optional<ByteString> terminalSettings() {
        try {
            return Optional.of(ByteString.copyFrom(files.terminalSettings(fd)));
        } catch (ErrnoException e) {
            log.debug("terminal {} has no settings any more: {}", inode.number(), e.errno());
            return Optional.empty();
        }
    }

    /** The position is the host's, of a file that has one. */
    @Override
    protected OpenFileState saveOpenFile(StateWriter writer) {
        OpenFileState state = super.saveOpenFile(writer);
        return kind == Kind.REGULAR
                ? state.toBuilder().setPosition(seek(0, Fs.SEEK_CUR)).build()
                : state;
    }

    /**
     * A regular file goes on where it stood, if it stands at its beginning and is as long as that:
     * input is not read twice then, while output that goes to a new file has no hole before it.
     */
    @Override
    protected void restorePosition(long position) {
        boolean goesOn =
                kind == Kind.REGULAR && seek(0, Fs.SEEK_CUR) == 0 && stat().size() >= position;
        if (goesOn) {
            seek(position, Fs.SEEK_SET);
        }
    }

    /** Sets a terminal up as the one that was saved; as it is if that had no settings. */
    void restoreTerminal(byte[] settings) {
        if (kind == Kind.TERMINAL && settings.length == Ioctls.TERMIOS_BYTES) {
            files.setTerminalSettings(fd, settings);
        }
    }

    /** Whether it is a terminal. */
    public boolean isTerminal() {
        return kind == Kind.TERMINAL;
    }

    @Override
    protected void dispose() {
        inode.removeOpen(this);
        owned.forEach(HostFd::close);
    }

    @Override
    public FileStat stat() {
        return files.calls().attributes(fd).toGuest(inode.fileSystem().device(), inode.number());
    }

    private boolean neverWaits() {
        return kind == Kind.REGULAR || kind == Kind.DEVICE;
    }

    @Override
    public long read(IoBuffer destination) {
        if (neverWaits()) {
            return destination.transfer(piece -> files.read(fd, piece));
        }
        return destination.transfer(piece -> files.stream().read(fd, piece));
    }

    @Override
    public long write(IoBuffer source) {
        return switch (kind) {
            case REGULAR ->
                    (flags() & Fcntl.O_APPEND) != 0
                            ? source.transfer(piece -> files.calls().append(fd, piece))
                            : source.transfer(piece -> files.write(fd, piece));
            case DEVICE -> source.transfer(piece -> files.write(fd, piece));
            case STREAM -> source.transfer(piece -> files.stream().write(fd, piece));
            case TERMINAL -> writeToTerminal(source);
        };
    }

    /**
     * Writes to a terminal, which may stop in the middle, with no lock held: the bytes are copied
     * first, and taken from the source once they are written.
     */
    private long writeToTerminal(IoBuffer source) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment chunk = arena.allocate(HostFiles.terminalChunk(source.remaining()));
            long[] copied = new long[1];
            source.transfer(
                    chunk.byteSize(),
                    piece -> {
                        MemorySegment.copy(piece, 0, chunk, 0, piece.byteSize());
                        copied[0] = piece.byteSize();
                        return 0;
                    });
            long written = files.stream().write(fd, chunk.asSlice(0, copied[0]));
            return source.transfer(written, MemorySegment::byteSize);
        }
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        requirePositions();
        return destination.transfer(
                new IoBuffer.Transfer() {
                    private long at = offset;

                    @Override
                    public long apply(MemorySegment piece) {
                        long count = files.calls().read(fd, piece, at);
                        at += count;
                        return count;
                    }
                });
    }

    @Override
    public long writeAt(IoBuffer source, long offset) {
        requirePositions();
        if ((flags() & Fcntl.O_APPEND) != 0) {
            return source.transfer(piece -> files.calls().append(fd, piece));
        }
        return source.transfer(
                new IoBuffer.Transfer() {
                    private long at = offset;

                    @Override
                    public long apply(MemorySegment piece) {
                        long count = files.calls().write(fd, piece, at);
                        at += count;
                        return count;
                    }
                });
    }

    private void requirePositions() {
        if (!neverWaits()) {
            throw ErrnoException.of(Errno.ESPIPE);
        }
    }

    @Override
    public long seek(long offset, int whence) {
        requirePositions();
        return HostErrors.check(
                files.host().syscall(Unistd.SYS_LSEEK, fd.number(), offset, whence));
    }

    @Override
    public int ready(int events) {
        return neverWaits() ? events & Poll.ALWAYS_READY : files.stream().ready(fd, events);
    }

    @Override
    public void watch(int events, WaitSet set) {
        if (!neverWaits()) {
            set.add(fd, events);
        }
    }

    @Override
    public long ioctl(int request, long argument, UserMemory memory) {
        if (kind == Kind.TERMINAL) {
            return terminalIoctl(request, argument, memory);
        }
        if (request == Ioctls.FIONREAD && inode.type() != FileType.CHARACTER_DEVICE) {
            return copiedOut(request, argument, memory, Integer.BYTES);
        }
        throw ErrnoException.of(Errno.ENOTTY);
    }

    private long terminalIoctl(int request, long argument, UserMemory memory) {
        switch (request) {
            case Ioctls.TIOCGPGRP -> inode.terminal().copyForegroundGroup(argument, memory);
            case Ioctls.TIOCSPGRP -> inode.terminal().setForegroundGroup(argument, memory);
            case Ioctls.TIOCGSID -> inode.terminal().copySession(argument, memory);
            default -> {
                TerminalIoctl allowed =
                        TerminalIoctl.of(request)
                                .orElseThrow(() -> ErrnoException.of(Errno.ENOTTY));
                return switch (allowed.direction()) {
                    case VALUE -> onHost(request, argument);
                    case OUT -> copiedOut(request, argument, memory, allowed.bytes());
                    case IN -> copiedIn(request, argument, memory, allowed.bytes());
                };
            }
        }
        return 0;
    }

    private long copiedIn(int request, long address, UserMemory memory, int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(bytes, Long.BYTES);
            memory.copyIn(address, copy);
            return onHost(request, copy.address());
        }
    }

    private long copiedOut(int request, long address, UserMemory memory, int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(bytes, Long.BYTES);
            long result = onHost(request, copy.address());
            memory.copyOut(address, copy);
            return result;
        }
    }

    private long onHost(int request, long argument) {
        return HostErrors.check(
                files.host()
                        .syscall(
                                Unistd.SYS_IOCTL,
                                fd.number(),
                                Integer.toUnsignedLong(request),
                                argument));
    }

    @Override
    public void sync(boolean dataOnly) {
        files.calls().sync(fd, dataOnly);
    }

    @Override
    public void allocate(int mode, long offset, long length) {
        if (kind != Kind.REGULAR) {
            super.allocate(mode, offset, length);
        }
        files.calls().allocate(fd, mode, offset, length);
    }

    @Override
    public void truncate(long size) {
        if (kind != Kind.REGULAR) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        files.calls().truncate(fd, size);
    }
}
