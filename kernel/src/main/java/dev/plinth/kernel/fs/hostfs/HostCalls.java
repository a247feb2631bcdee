package dev.plinth.kernel.fs.hostfs;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.HostErrors;
import dev.plinth.kernel.fs.hostfs.linux.Dirent;
import dev.plinth.kernel.fs.hostfs.linux.Statfs;
import dev.plinth.kernel.fs.hostfs.linux.Unistd;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Openat2;
import dev.plinth.kernel.vfs.linux.Stat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The host's calls for files, typed. Stateless; fails with what the guest is to see.
 *
 * <p>Names are looked up relative to a directory's descriptor only, and never through symbolic
 * links: the host resolves nothing that the guest, or anyone on the host, could have swapped.
 */
public final class HostCalls {
    private static final int LIST_BUFFER_BYTES = 64 << 10;
    private static final long RESOLVE =
            Openat2.RESOLVE_BENEATH | Openat2.RESOLVE_NO_SYMLINKS | Openat2.RESOLVE_NO_MAGICLINKS;

    private final HostKernel host;

    /** Calls of a host. */
    public HostCalls(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    /** An entry of a directory as the host lists it. */
    record RawEntry(PathName name, long inode, int type) {}

    /** Opens a file below a directory. */
    HostFd open(HostFd directory, PathName path, int flags, int mode) {
        return opened(openat2(directory, path, flags, mode));
    }

    /** Makes a file without a name below a directory that can be changed. */
    HostFd openUnnamed(HostFd directory) {
        return open(directory, PathName.DOT, Fcntl.O_TMPFILE | Fcntl.O_RDWR, 0600);
    }

    /** Makes a file without a name in memory. */
    HostFd openInMemory() {
        try (Arena arena = Arena.ofConfined()) {
            return new HostFd(
                    host,
                    (int)
                            HostErrors.check(
                                    host.syscall(
                                            Unistd.SYS_MEMFD_CREATE,
                                            arena.allocateFrom("plinth-gone").address(),
                                            Unistd.MFD_CLOEXEC)));
        }
    }

    /** Opens the file of a descriptor once more, with an access mode of its own. */
    public HostFd reopen(HostFd file, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    host.syscall(
                            Unistd.SYS_OPENAT,
                            Fcntl.AT_FDCWD,
                            string(arena, magicLink(file)),
                            flags | Fcntl.O_CLOEXEC,
                            0);
            return new HostFd(host, (int) HostErrors.check(result));
        }
    }

    private HostFd opened(long result) {
        // A directory on the way has become a link, or an outside: not the path it was.
        if (result == -Errno.ELOOP.number() || result == -Errno.EXDEV.number()) {
            throw ErrnoException.of(Errno.ESTALE);
        }
        return new HostFd(host, (int) HostErrors.check(result));
    }

    private long openat2(HostFd directory, PathName path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment how = arena.allocate(Openat2.OPEN_HOW_BYTES, Long.BYTES);
            how.setAtIndex(JAVA_LONG, 0, flags | Fcntl.O_CLOEXEC);
            how.setAtIndex(JAVA_LONG, 1, mode);
            how.setAtIndex(JAVA_LONG, 2, RESOLVE);
            return host.syscall(
                    Unistd.SYS_OPENAT2,
                    directory.number(),
                    string(arena, path),
                    how.address(),
                    Openat2.OPEN_HOW_BYTES);
        }
    }

    /** The attributes of an open file, which may be open for its path only. */
    public HostAttributes attributes(HostFd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(Stat.STATX_BYTES, Long.BYTES);
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_STATX,
                            file.number(),
                            string(arena, PathName.EMPTY),
                            Fcntl.AT_EMPTY_PATH,
                            Stat.STATX_BASIC_STATS | Stat.STATX_BTIME,
                            statx.address(),
                            0));
            return HostAttributes.of(statx);
        }
    }

    /** The attributes of a name in a directory; empty if there is no such name. */
    Optional<HostAttributes> attributes(HostFd directory, PathName name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statx = arena.allocate(Stat.STATX_BYTES, Long.BYTES);
            long result =
                    host.syscall(
                            Unistd.SYS_STATX,
                            directory.number(),
                            string(arena, name),
                            Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT,
                            Stat.STATX_BASIC_STATS | Stat.STATX_BTIME,
                            statx.address(),
                            0);
            if (result == -Errno.ENOENT.number()) {
                return Optional.empty();
            }
            HostErrors.check(result);
            return Optional.of(HostAttributes.of(statx));
        }
    }

    PathName readLink(HostFd link) {
        return readLink(link.number(), PathName.EMPTY);
    }

    /** Where a file is on the host, as long as it is there. */
    PathName pathOf(HostFd file) {
        return readLink(Fcntl.AT_FDCWD, magicLink(file));
    }

    private PathName readLink(int directory, PathName link) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Fs.PATH_MAX);
            long length =
                    HostErrors.check(
                            host.syscall(
                                    Unistd.SYS_READLINKAT,
                                    directory,
                                    string(arena, link),
                                    buffer.address(),
                                    Fs.PATH_MAX));
            return PathName.of(buffer.asSlice(0, length).toArray(JAVA_BYTE));
        }
    }

    /** Every entry but {@code .} and {@code ..}. */
    List<RawEntry> list(HostFd directory) {
        List<RawEntry> entries = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(LIST_BUFFER_BYTES, Long.BYTES);
            while (true) {
                long length =
                        HostErrors.check(
                                host.syscall(
                                        Unistd.SYS_GETDENTS64,
                                        directory.number(),
                                        buffer.address(),
                                        LIST_BUFFER_BYTES));
                if (length == 0) {
                    return entries;
                }
                parse(buffer.asSlice(0, length), entries);
            }
        }
    }

    private static void parse(MemorySegment buffer, List<RawEntry> entries) {
        long at = 0;
        while (at < buffer.byteSize()) {
            int length = buffer.get(JAVA_SHORT_UNALIGNED, at + Dirent.D_RECLEN) & 0xFFFF;
            MemorySegment entry = buffer.asSlice(at, length);
            long nameEnd = Dirent.D_NAME;
            while (entry.get(JAVA_BYTE, nameEnd) != 0) {
                nameEnd++;
            }
            byte[] bytes = entry.asSlice(Dirent.D_NAME, nameEnd - Dirent.D_NAME).toArray(JAVA_BYTE);
            PathName name = PathName.of(bytes);
            if (!name.equals(PathName.DOT) && !name.equals(PathName.DOT_DOT)) {
                entries.add(
                        new RawEntry(
                                name,
                                entry.get(JAVA_LONG_UNALIGNED, Dirent.D_INO),
                                entry.get(JAVA_BYTE, Dirent.D_TYPE)));
            }
            at += length;
        }
    }

    /** Reads into a piece of a buffer; through memory of its own if the piece is on the heap. */
    public long read(HostFd file, MemorySegment piece, long offset) {
        if (piece.isNative()) {
            return HostErrors.check(
                    host.syscall(
                            Unistd.SYS_PREAD64,
                            file.number(),
                            piece.address(),
                            piece.byteSize(),
                            offset));
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bounce = arena.allocate(piece.byteSize());
            long count = read(file, bounce, offset);
            MemorySegment.copy(bounce, 0, piece, 0, count);
            return count;
        }
    }

    /** Writes a piece of a buffer; through memory of its own if the piece is on the heap. */
    public long write(HostFd file, MemorySegment piece, long offset) {
        try (Arena arena = Arena.ofConfined()) {
            return HostErrors.check(
                    host.syscall(
                            Unistd.SYS_PWRITE64,
                            file.number(),
                            nativePiece(arena, piece).address(),
                            piece.byteSize(),
                            offset));
        }
    }

    /** Writes a piece of a buffer at the end of the file, wherever that is by then. */
    public long append(HostFd file, MemorySegment piece) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment iovec = arena.allocate(2L * Long.BYTES, Long.BYTES);
            iovec.setAtIndex(JAVA_LONG, 0, nativePiece(arena, piece).address());
            iovec.setAtIndex(JAVA_LONG, 1, piece.byteSize());
            return HostErrors.check(
                    host.syscall(
                            Unistd.SYS_PWRITEV2,
                            file.number(),
                            iovec.address(),
                            1,
                            0,
                            0,
                            Unistd.RWF_APPEND));
        }
    }

    private static MemorySegment nativePiece(Arena arena, MemorySegment piece) {
        return piece.isNative() ? piece : arena.allocate(piece.byteSize()).copyFrom(piece);
    }

    /** lseek(2), for SEEK_DATA and SEEK_HOLE; the size if there is no data any more. */
    long seek(HostFd file, long offset, int whence) {
        long result = host.syscall(Unistd.SYS_LSEEK, file.number(), offset, whence);
        return result == -Errno.ENXIO.number()
                ? attributes(file).stat().size()
                : HostErrors.check(result);
    }

    /** ftruncate(2). */
    public void truncate(HostFd file, long size) {
        HostErrors.check(host.syscall(Unistd.SYS_FTRUNCATE, file.number(), size));
    }

    /** fallocate(2). */
    public void allocate(HostFd file, int mode, long offset, long length) {
        HostErrors.check(host.syscall(Unistd.SYS_FALLOCATE, file.number(), mode, offset, length));
    }

    /** fsync(2) or fdatasync(2). */
    public void sync(HostFd file, boolean dataOnly) {
        HostErrors.check(
                host.syscall(dataOnly ? Unistd.SYS_FDATASYNC : Unistd.SYS_FSYNC, file.number()));
    }

    void syncFileSystem(HostFd file) {
        HostErrors.check(host.syscall(Unistd.SYS_SYNCFS, file.number()));
    }

    /** One more descriptor of an open file. */
    public HostFd duplicate(HostFd file) {
        return new HostFd(
                host,
                (int)
                        HostErrors.check(
                                host.syscall(
                                        Unistd.SYS_FCNTL,
                                        file.number(),
                                        Fcntl.F_DUPFD_CLOEXEC,
                                        0)));
    }

    FileSystemStat fileSystem(HostFd file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment statfs = arena.allocate(Statfs.STATFS_BYTES, Long.BYTES);
            HostErrors.check(host.syscall(Unistd.SYS_FSTATFS, file.number(), statfs.address()));
            return new FileSystemStat(
                    statfs.get(JAVA_LONG, Statfs.F_TYPE),
                    statfs.get(JAVA_LONG, Statfs.F_BSIZE),
                    statfs.get(JAVA_LONG, Statfs.F_BLOCKS),
                    statfs.get(JAVA_LONG, Statfs.F_BFREE),
                    statfs.get(JAVA_LONG, Statfs.F_BAVAIL),
                    statfs.get(JAVA_LONG, Statfs.F_FILES),
                    statfs.get(JAVA_LONG, Statfs.F_FFREE),
                    statfs.get(JAVA_LONG, Statfs.F_NAMELEN));
        }
    }

    void makeDirectory(HostFd directory, PathName name, int mode) {
        byName(Unistd.SYS_MKDIRAT, directory, name, mode, 0);
    }

    void makeNode(HostFd directory, PathName name, int mode, DeviceNumber deviceId) {
        byName(Unistd.SYS_MKNODAT, directory, name, mode, deviceId.encode());
    }

    void unlink(HostFd directory, PathName name) {
        byName(Unistd.SYS_UNLINKAT, directory, name, 0, 0);
    }

    void removeDirectory(HostFd directory, PathName name) {
        byName(Unistd.SYS_UNLINKAT, directory, name, Fcntl.AT_REMOVEDIR, 0);
    }

    private void byName(long call, HostFd directory, PathName name, long a2, long a3) {
        try (Arena arena = Arena.ofConfined()) {
            HostErrors.check(host.syscall(call, directory.number(), string(arena, name), a2, a3));
        }
    }

    void makeSymlink(PathName target, HostFd directory, PathName name) {
        try (Arena arena = Arena.ofConfined()) {
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_SYMLINKAT,
                            string(arena, target),
                            directory.number(),
                            string(arena, name)));
        }
    }

    void rename(
            HostFd oldDirectory,
            PathName oldName,
            HostFd newDirectory,
            PathName newName,
            int flags) {
        try (Arena arena = Arena.ofConfined()) {
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_RENAMEAT2,
                            oldDirectory.number(),
                            string(arena, oldName),
                            newDirectory.number(),
                            string(arena, newName),
                            flags,
                            0));
        }
    }

    /** Gives an open file, which may be open for its path only, one more name. */
    void link(HostFd file, HostFd directory, PathName name) {
        try (Arena arena = Arena.ofConfined()) {
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_LINKAT,
                            Fcntl.AT_FDCWD,
                            string(arena, magicLink(file)),
                            directory.number(),
                            string(arena, name),
                            Fcntl.AT_SYMLINK_FOLLOW,
                            0));
        }
    }

    void setPermissions(HostFd file, int permissions) {
        try (Arena arena = Arena.ofConfined()) {
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_FCHMODAT,
                            Fcntl.AT_FDCWD,
                            string(arena, magicLink(file)),
                            permissions));
        }
    }

    /** The name of a descriptor of ours: what needs a path gets at a file open for its path. */
    private static PathName magicLink(HostFd file) {
        return PathName.of("/proc/self/fd/" + file.number());
    }

    void setOwner(HostFd file, int uid, int gid) {
        try (Arena arena = Arena.ofConfined()) {
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_FCHOWNAT,
                            file.number(),
                            string(arena, PathName.EMPTY),
                            uid,
                            gid,
                            Fcntl.AT_EMPTY_PATH,
                            0));
        }
    }

    void setTimes(HostFd file, Optional<Instant> accessed, Optional<Instant> modified) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment times = arena.allocate(4L * Long.BYTES, Long.BYTES);
            setTime(times, 0, accessed);
            setTime(times, 2, modified);
            HostErrors.check(
                    host.syscall(
                            Unistd.SYS_UTIMENSAT,
                            file.number(),
                            string(arena, PathName.EMPTY),
                            times.address(),
                            Fcntl.AT_EMPTY_PATH));
        }
    }

    private static void setTime(MemorySegment times, int index, Optional<Instant> time) {
        if (time.isEmpty()) {
            times.setAtIndex(JAVA_LONG, index + 1L, Unistd.UTIME_OMIT);
            return;
        }
        Instant instant = time.get();
        times.setAtIndex(JAVA_LONG, index, instant.getEpochSecond());
        times.setAtIndex(JAVA_LONG, index + 1L, instant.getNano());
    }

    private static long string(Arena arena, PathName path) {
        byte[] bytes = path.toBytes();
        MemorySegment string = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, string, 0, bytes.length);
        return string.address();
    }
}
