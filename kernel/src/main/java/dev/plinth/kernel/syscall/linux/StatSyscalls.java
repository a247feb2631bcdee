package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.FileFormats.ACCESS_FLAGS;
import static dev.plinth.kernel.strace.FileFormats.ACCESS_MODE;
import static dev.plinth.kernel.strace.FileFormats.AT_FLAGS;
import static dev.plinth.kernel.strace.Formats.BYTES_OUT;
import static dev.plinth.kernel.strace.Formats.DIR_FD;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.StatFormats.STATFS_OUT;
import static dev.plinth.kernel.strace.StatFormats.STATX_FLAGS;
import static dev.plinth.kernel.strace.StatFormats.STATX_MASK;
import static dev.plinth.kernel.strace.StatFormats.STATX_OUT;
import static dev.plinth.kernel.strace.StatFormats.STAT_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.SymbolicLink;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Stat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;

/** What files are: attributes, access, links, file systems. */
final class StatSyscalls implements SyscallFamily {
    private static final int ACCESS_MODES = 7;

    /** {@code struct statfs} of asm-generic/statfs.h. */
    private static final int STATFS_BYTES = 120;

    private static final ValueLayout.OfInt INT_VALUE = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("stat", StatSyscalls::stat, PATH, STAT_OUT),
                supported("lstat", StatSyscalls::lstat, PATH, STAT_OUT),
                supported("fstat", StatSyscalls::fstat, FD, STAT_OUT),
                supported("newfstatat", StatSyscalls::newfstatat, DIR_FD, PATH, STAT_OUT, AT_FLAGS),
                supported(
                        "statx",
                        StatSyscalls::statx,
                        DIR_FD,
                        PATH,
                        STATX_FLAGS,
                        STATX_MASK,
                        STATX_OUT),
                supported("statfs", StatSyscalls::statfs, PATH, STATFS_OUT),
                supported("fstatfs", StatSyscalls::fstatfs, FD, STATFS_OUT),
                supported("access", StatSyscalls::access, PATH, ACCESS_MODE),
                supported("faccessat", StatSyscalls::faccessat, DIR_FD, PATH, ACCESS_MODE),
                supported(
                        "faccessat2",
                        StatSyscalls::faccessat2,
                        DIR_FD,
                        PATH,
                        ACCESS_MODE,
                        ACCESS_FLAGS),
                supported("readlink", StatSyscalls::readlink, PATH, BYTES_OUT, SIZE),
                supported("readlinkat", StatSyscalls::readlinkat, DIR_FD, PATH, BYTES_OUT, SIZE));
    }

    private static long stat(Task task, SyscallArguments arguments) {
        Location location =
                PathArguments.resolve(task, Fcntl.AT_FDCWD, arguments.longAt(0), Lookup.FOLLOW);
        return writeStat(task, arguments.longAt(1), location.inode().stat());
    }

    private static long lstat(Task task, SyscallArguments arguments) {
        Location location =
                PathArguments.resolve(task, Fcntl.AT_FDCWD, arguments.longAt(0), Lookup.NO_FOLLOW);
        return writeStat(task, arguments.longAt(1), location.inode().stat());
    }

    private static long fstat(Task task, SyscallArguments arguments) {
        return writeStat(task, arguments.longAt(1), statOf(task, arguments.intAt(0)));
    }

    private static long newfstatat(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(3);
        PathArguments.requireFlags(
                flags, Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT | Fcntl.AT_EMPTY_PATH);
        Found file = find(task, arguments.intAt(0), arguments.longAt(1), flags);
        return writeStat(task, arguments.longAt(2), file.stat);
    }

    private static long statx(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(2);
        int mask = arguments.intAt(3);
        PathArguments.requireFlags(
                flags,
                Fcntl.AT_SYMLINK_NOFOLLOW
                        | Fcntl.AT_NO_AUTOMOUNT
                        | Fcntl.AT_EMPTY_PATH
                        | Fcntl.AT_STATX_SYNC_TYPE);
        if ((flags & Fcntl.AT_STATX_SYNC_TYPE) == Fcntl.AT_STATX_SYNC_TYPE
                || (mask & Stat.STATX__RESERVED) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int fd = arguments.intAt(0);
        long path = arguments.longAt(1);
        Found file = find(task, fd, path, flags);
        byte[] bytes = new byte[Stat.STATX_BYTES];
        fillStatx(MemorySegment.ofArray(bytes), file);
        task.guestMemory().copyOut(arguments.longAt(4), bytes);
        return 0;
    }

    /** A file and its attributes. */
    private record Found(Location location, FileStat stat) {}

    /**
     * The file that a path and flags name; an empty path, or none at all, names the descriptor
     * itself.
     */
    private static Found find(Task task, int fd, long address, int flags) {
        boolean mayBeEmpty = (flags & Fcntl.AT_EMPTY_PATH) != 0;
        PathName path =
                address == 0 && mayBeEmpty
                        ? PathName.EMPTY
                        : PathArguments.pathOrEmpty(task, address);
        if (path.isEmpty() && !mayBeEmpty) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        if (path.isEmpty() && fd != Fcntl.AT_FDCWD) {
            try (FileDescription file = task.files().getAlsoPathOnly(fd)) {
                return new Found(file.location(), file.stat());
            }
        }
        Location location =
                task.kernel()
                        .vfs()
                        .resolve(
                                task.caller(),
                                PathArguments.base(task, fd, path),
                                path,
                                PathArguments.lookup(flags));
        return new Found(location, location.inode().stat());
    }

    private static FileStat statOf(Task task, int fd) {
        try (FileDescription file = task.files().getAlsoPathOnly(fd)) {
            return file.stat();
        }
    }

    /** {@code struct stat} of asm/stat.h. */
    private static long writeStat(Task task, long address, FileStat stat) {
        byte[] bytes = new byte[Stat.STAT_BYTES];
        MemorySegment target = MemorySegment.ofArray(bytes);
        target.set(LONG, 0, stat.device().encode());
        target.set(LONG, 8, stat.inode());
        target.set(LONG, 16, stat.links());
        target.set(INT_VALUE, 24, stat.mode());
        target.set(INT_VALUE, 28, stat.uid());
        target.set(INT_VALUE, 32, stat.gid());
        target.set(LONG, 40, stat.deviceId().encode());
        target.set(LONG, 48, stat.size());
        target.set(LONG, 56, stat.blockSize());
        target.set(LONG, 64, stat.blocks());
        setTime(target, 72, stat.accessed());
        setTime(target, 88, stat.modified());
        setTime(target, 104, stat.changed());
        task.guestMemory().copyOut(address, bytes);
        return 0;
    }

    private static void setTime(MemorySegment target, int offset, Instant time) {
        target.set(LONG, offset, time.getEpochSecond());
        target.set(LONG, offset + 8L, time.getNano());
    }

    private static void fillStatx(MemorySegment target, Found file) {
        FileStat stat = file.stat;
        Mount mount = file.location.mount();
        boolean hasBirth = !stat.born().equals(Instant.EPOCH);
        target.set(
                INT_VALUE,
                Stat.STATX_STX_MASK,
                Stat.STATX_BASIC_STATS | Stat.STATX_MNT_ID | (hasBirth ? Stat.STATX_BTIME : 0));
        target.set(
                LONG,
                Stat.STATX_STX_ATTRIBUTES,
                file.location.equals(mount.rootLocation()) ? Stat.STATX_ATTR_MOUNT_ROOT : 0);
        target.set(LONG, Stat.STATX_STX_ATTRIBUTES_MASK, Stat.STATX_ATTR_MOUNT_ROOT);
        target.set(LONG, Stat.STATX_STX_MNT_ID, mount.id());
        target.set(INT_VALUE, Stat.STATX_STX_BLKSIZE, stat.blockSize());
        target.set(INT_VALUE, Stat.STATX_STX_NLINK, stat.links());
        target.set(INT_VALUE, Stat.STATX_STX_UID, stat.uid());
        target.set(INT_VALUE, Stat.STATX_STX_GID, stat.gid());
        target.set(SHORT, Stat.STATX_STX_MODE, (short) stat.mode());
        target.set(LONG, Stat.STATX_STX_INO, stat.inode());
        target.set(LONG, Stat.STATX_STX_SIZE, stat.size());
        target.set(LONG, Stat.STATX_STX_BLOCKS, stat.blocks());
        setStatxTime(target, Stat.STATX_STX_ATIME, stat.accessed());
        if (hasBirth) {
            setStatxTime(target, Stat.STATX_STX_BTIME, stat.born());
        }
        setStatxTime(target, Stat.STATX_STX_CTIME, stat.changed());
        setStatxTime(target, Stat.STATX_STX_MTIME, stat.modified());
        setStatxDevice(target, Stat.STATX_STX_RDEV_MAJOR, stat.deviceId());
        setStatxDevice(target, Stat.STATX_STX_DEV_MAJOR, stat.device());
    }

    private static void setStatxTime(MemorySegment target, int offset, Instant time) {
        target.set(LONG, offset, time.getEpochSecond());
        target.set(INT_VALUE, offset + 8L, time.getNano());
    }

    private static void setStatxDevice(MemorySegment target, int offset, DeviceNumber device) {
        target.set(INT_VALUE, offset, device.major());
        target.set(INT_VALUE, offset + 4L, device.minor());
    }

    private static long statfs(Task task, SyscallArguments arguments) {
        Location location =
                PathArguments.resolve(task, Fcntl.AT_FDCWD, arguments.longAt(0), Lookup.FOLLOW);
        return writeStatfs(task, arguments.longAt(1), location.mount());
    }

    private static long fstatfs(Task task, SyscallArguments arguments) {
        try (FileDescription file = task.files().getAlsoPathOnly(arguments.intAt(0))) {
            return writeStatfs(task, arguments.longAt(1), file.location().mount());
        }
    }

    private static long writeStatfs(Task task, long address, Mount mount) {
        FileSystemStat stat = mount.fileSystem().stat();
        byte[] bytes = new byte[STATFS_BYTES];
        MemorySegment target = MemorySegment.ofArray(bytes);
        target.set(LONG, 0, stat.magic());
        target.set(LONG, 8, stat.blockSize());
        target.set(LONG, 16, stat.blocks());
        target.set(LONG, 24, stat.freeBlocks());
        target.set(LONG, 32, stat.availableBlocks());
        target.set(LONG, 40, stat.files());
        target.set(LONG, 48, stat.freeFiles());
        target.set(LONG, 64, stat.nameLength());
        target.set(LONG, 72, stat.blockSize());
        target.set(LONG, 80, flags(mount.options()));
        task.guestMemory().copyOut(address, bytes);
        return 0;
    }

    private static long flags(Mount.Options options) {
        return Fs.ST_VALID
                | (options.readOnly() ? Fs.ST_RDONLY : 0)
                | (options.noSetuid() ? Fs.ST_NOSUID : 0)
                | (options.noDevices() ? Fs.ST_NODEV : 0)
                | (options.noExecute() ? Fs.ST_NOEXEC : 0);
    }

    private static long access(Task task, SyscallArguments arguments) {
        return access(task, Fcntl.AT_FDCWD, arguments.longAt(0), arguments.intAt(1), 0);
    }

    private static long faccessat(Task task, SyscallArguments arguments) {
        return access(task, arguments.intAt(0), arguments.longAt(1), arguments.intAt(2), 0);
    }

    private static long faccessat2(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(3);
        PathArguments.requireFlags(
                flags, Fcntl.AT_EACCESS | Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
        return access(task, arguments.intAt(0), arguments.longAt(1), arguments.intAt(2), flags);
    }

    private static long access(Task task, int fd, long address, int mode, int flags) {
        PathArguments.requireFlags(mode, ACCESS_MODES);
        PathName path = PathArguments.pathOrEmpty(task, address);
        Caller caller = task.caller();
        if ((flags & Fcntl.AT_EACCESS) == 0) {
            caller = caller.with(task.credentials().forAccessCheck());
        }
        Location location =
                task.kernel()
                        .vfs()
                        .resolve(
                                caller,
                                PathArguments.base(task, fd, path),
                                path,
                                PathArguments.lookup(flags));
        task.kernel().vfs().checkAccess(caller, location, mode);
        return 0;
    }

    private static long readlink(Task task, SyscallArguments arguments) {
        return readlink(
                task, Fcntl.AT_FDCWD, arguments.longAt(0), arguments.longAt(1), arguments.intAt(2));
    }

    private static long readlinkat(Task task, SyscallArguments arguments) {
        return readlink(
                task,
                arguments.intAt(0),
                arguments.longAt(1),
                arguments.longAt(2),
                arguments.intAt(3));
    }

    private static long readlink(Task task, int fd, long address, long buffer, int size) {
        if (size <= 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        PathName path = PathArguments.pathOrEmpty(task, address);
        Location location =
                task.kernel()
                        .vfs()
                        .resolve(
                                task.caller(),
                                PathArguments.base(task, fd, path),
                                path,
                                Lookup.NO_FOLLOW.withAllowEmpty(true));
        // An empty path is the link that a descriptor names; anything else it names is not found.
        if (path.isEmpty() && !(location.inode() instanceof SymbolicLink)) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        byte[] target = task.kernel().vfs().readLink(task.caller(), location).toBytes();
        byte[] cut = target.length > size ? Arrays.copyOf(target, size) : target;
        task.guestMemory().copyOut(buffer, cut);
        return cut.length;
    }
}
