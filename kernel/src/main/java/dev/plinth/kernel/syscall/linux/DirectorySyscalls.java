package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.FileFormats.AT_FLAGS;
import static dev.plinth.kernel.strace.FileFormats.DEVICE;
import static dev.plinth.kernel.strace.FileFormats.ENTRIES_OUT;
import static dev.plinth.kernel.strace.FileFormats.RENAME_FLAGS;
import static dev.plinth.kernel.strace.FileFormats.TYPE_AND_MODE;
import static dev.plinth.kernel.strace.Formats.DIR_FD;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.MODE;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.strace.Formats.PATH_OUT;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.PathDisplay;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** Directories: what is in them, what is made and removed, and where a task stands. */
final class DirectorySyscalls implements SyscallFamily {
    /** More than this is not given at once, however much room a program offers. */
    private static final int MAX_ENTRIES_BYTES = 256 << 10;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("getdents64", DirectorySyscalls::getdents64, FD, ENTRIES_OUT, SIZE),
                supported("getdents", DirectorySyscalls::getdents, FD, ENTRIES_OUT, SIZE),
                supported("getcwd", DirectorySyscalls::getcwd, PATH_OUT, SIZE),
                supported("chdir", DirectorySyscalls::chdir, PATH),
                supported("fchdir", DirectorySyscalls::fchdir, FD),
                supported("chroot", DirectorySyscalls::chroot, PATH),
                supported("mkdir", DirectorySyscalls::mkdir, PATH, MODE),
                supported("mkdirat", DirectorySyscalls::mkdirat, DIR_FD, PATH, MODE),
                supported("rmdir", DirectorySyscalls::rmdir, PATH),
                supported("unlink", DirectorySyscalls::unlink, PATH),
                supported("unlinkat", DirectorySyscalls::unlinkat, DIR_FD, PATH, AT_FLAGS),
                supported("rename", DirectorySyscalls::rename, PATH, PATH),
                supported("renameat", DirectorySyscalls::renameat, DIR_FD, PATH, DIR_FD, PATH),
                supported(
                        "renameat2",
                        DirectorySyscalls::renameat2,
                        DIR_FD,
                        PATH,
                        DIR_FD,
                        PATH,
                        RENAME_FLAGS),
                supported("link", DirectorySyscalls::link, PATH, PATH),
                supported(
                        "linkat", DirectorySyscalls::linkat, DIR_FD, PATH, DIR_FD, PATH, AT_FLAGS),
                supported("symlink", DirectorySyscalls::symlink, PATH, PATH),
                supported("symlinkat", DirectorySyscalls::symlinkat, PATH, DIR_FD, PATH),
                supported("mknod", DirectorySyscalls::mknod, PATH, TYPE_AND_MODE, DEVICE),
                supported(
                        "mknodat",
                        DirectorySyscalls::mknodat,
                        DIR_FD,
                        PATH,
                        TYPE_AND_MODE,
                        DEVICE));
    }

    /** Writes an entry in the form of one of the two calls; says how long it is. */
    private interface EntryForm {
        /** Bytes of an entry beside its name. */
        int overhead();

        void write(MemorySegment target, DirectoryEntry entry, long next, int length);
    }

    /** {@code struct linux_dirent64}: inode, next position, length, type, name. */
    private static final EntryForm DIRENT64 =
            new EntryForm() {
                @Override
                public int overhead() {
                    return 20;
                }

                @Override
                public void write(
                        MemorySegment target, DirectoryEntry entry, long next, int length) {
                    writeHead(target, entry, next, length);
                    target.set(ValueLayout.JAVA_BYTE, 18, (byte) entry.type().directoryEntryType());
                    writeName(target, 19, entry);
                }
            };

    /** {@code struct linux_dirent}: inode, next position, length, name, and the type last. */
    private static final EntryForm DIRENT =
            new EntryForm() {
                @Override
                public int overhead() {
                    return 20;
                }

                @Override
                public void write(
                        MemorySegment target, DirectoryEntry entry, long next, int length) {
                    writeHead(target, entry, next, length);
                    writeName(target, 18, entry);
                    target.set(
                            ValueLayout.JAVA_BYTE,
                            length - 1L,
                            (byte) entry.type().directoryEntryType());
                }
            };

    private static void writeHead(
            MemorySegment target, DirectoryEntry entry, long next, int length) {
        target.set(LONG, 0, entry.inode());
        target.set(LONG, 8, next);
        target.set(SHORT, 16, (short) length);
    }

    private static void writeName(MemorySegment target, int offset, DirectoryEntry entry) {
        byte[] name = entry.name().toBytes();
        MemorySegment.copy(name, 0, target, ValueLayout.JAVA_BYTE, offset, name.length);
    }

    private static long getdents64(Task task, SyscallArguments arguments) {
        return readEntries(task, arguments, DIRENT64);
    }

    private static long getdents(Task task, SyscallArguments arguments) {
        return readEntries(task, arguments, DIRENT);
    }

    private static long readEntries(Task task, SyscallArguments arguments, EntryForm form) {
        int room = (int) Math.min(MAX_ENTRIES_BYTES, arguments.intAt(2) & 0xffffffffL);
        byte[] bytes = new byte[room];
        MemorySegment entries = MemorySegment.ofArray(bytes);
        int[] used = {0};
        boolean[] refused = {false};
        try (FileDescription directory = task.files().get(arguments.intAt(0))) {
            long before =
                    directory.inode().type() == FileType.DIRECTORY
                            ? directory.seek(0, Fs.SEEK_CUR)
                            : 0;
            directory.readEntries((entry, next) -> {
                int length = (form.overhead() + entry.name().length() + 7) & -8;
                if (length > room - used[0]) {
                    refused[0] = true;
                    return false;
                }
                form.write(entries.asSlice(used[0], length), entry, next, length);
                used[0] += length;
                return true;
            });
            if (used[0] == 0 && refused[0]) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            try {
                task.guestMemory().copyOut(arguments.longAt(1), Arrays.copyOf(bytes, used[0]));
            } catch (ErrnoException e) {
                directory.seek(before, Fs.SEEK_SET);
                throw e;
            }
        }
        return used[0];
    }

    private static long getcwd(Task task, SyscallArguments arguments) {
        PathDisplay display = PathDisplay.of(task.fs().root(), task.fs().workingDirectory());
        if (display.deleted()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        byte[] path = display.text().toBytes();
        if (Long.compareUnsigned(arguments.longAt(1), path.length + 1L) < 0) {
            throw ErrnoException.of(Errno.ERANGE);
        }
        task.guestMemory().copyOut(arguments.longAt(0), Arrays.copyOf(path, path.length + 1));
        return path.length + 1L;
    }

    private static long chdir(Task task, SyscallArguments arguments) {
        Location location = directory(task, arguments.longAt(0));
        task.fs().setWorkingDirectory(location);
        return 0;
    }

    private static long fchdir(Task task, SyscallArguments arguments) {
        try (FileDescription file = task.files().getAlsoPathOnly(arguments.intAt(0))) {
            task.kernel().vfs().checkEnter(task.caller(), file.location());
            task.fs().setWorkingDirectory(file.location());
        }
        return 0;
    }

    private static long chroot(Task task, SyscallArguments arguments) {
        Location location = directory(task, arguments.longAt(0));
        if (!task.credentials().has(Capability.SYS_CHROOT)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        task.fs().setRoot(location);
        return 0;
    }

    private static Location directory(Task task, long address) {
        Location location = PathArguments.resolve(task, Fcntl.AT_FDCWD, address, Lookup.FOLLOW);
        task.kernel().vfs().checkEnter(task.caller(), location);
        return location;
    }

    private static long mkdir(Task task, SyscallArguments arguments) {
        return mkdir(task, Fcntl.AT_FDCWD, arguments.longAt(0), arguments.intAt(1));
    }

    private static long mkdirat(Task task, SyscallArguments arguments) {
        return mkdir(task, arguments.intAt(0), arguments.longAt(1), arguments.intAt(2));
    }

    private static long mkdir(Task task, int fd, long address, int mode) {
        PathName path = PathArguments.path(task, address);
        task.kernel()
                .vfs()
                .makeDirectory(task.caller(), PathArguments.base(task, fd, path), path, mode);
        return 0;
    }

    private static long rmdir(Task task, SyscallArguments arguments) {
        return remove(task, Fcntl.AT_FDCWD, arguments.longAt(0), true);
    }

    private static long unlink(Task task, SyscallArguments arguments) {
        return remove(task, Fcntl.AT_FDCWD, arguments.longAt(0), false);
    }

    private static long unlinkat(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(2);
        PathArguments.requireFlags(flags, Fcntl.AT_REMOVEDIR);
        return remove(task, arguments.intAt(0), arguments.longAt(1), flags != 0);
    }

    private static long remove(Task task, int fd, long address, boolean directory) {
        PathName path = PathArguments.path(task, address);
        Location base = PathArguments.base(task, fd, path);
        if (directory) {
            task.kernel().vfs().removeDirectory(task.caller(), base, path);
        } else {
            task.kernel().vfs().unlink(task.caller(), base, path);
        }
        return 0;
    }

    private static long rename(Task task, SyscallArguments arguments) {
        return rename(
                task, Fcntl.AT_FDCWD, arguments.longAt(0), Fcntl.AT_FDCWD, arguments.longAt(1), 0);
    }

    private static long renameat(Task task, SyscallArguments arguments) {
        return rename(
                task,
                arguments.intAt(0),
                arguments.longAt(1),
                arguments.intAt(2),
                arguments.longAt(3),
                0);
    }

    private static long renameat2(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(4);
        PathArguments.requireFlags(
                flags, Fs.RENAME_NOREPLACE | Fs.RENAME_EXCHANGE | Fs.RENAME_WHITEOUT);
        boolean exchangesAndMore = (flags & Fs.RENAME_EXCHANGE) != 0 && flags != Fs.RENAME_EXCHANGE;
        if (exchangesAndMore) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return rename(
                task,
                arguments.intAt(0),
                arguments.longAt(1),
                arguments.intAt(2),
                arguments.longAt(3),
                flags);
    }

    private static long rename(
            Task task, int oldFd, long oldAddress, int newFd, long newAddress, int flags) {
        PathName oldPath = PathArguments.path(task, oldAddress);
        PathName newPath = PathArguments.path(task, newAddress);
        task.kernel()
                .vfs()
                .rename(
                        task.caller(),
                        PathArguments.base(task, oldFd, oldPath),
                        oldPath,
                        PathArguments.base(task, newFd, newPath),
                        newPath,
                        flags);
        return 0;
    }

    private static long link(Task task, SyscallArguments arguments) {
        return link(
                task, Fcntl.AT_FDCWD, arguments.longAt(0), Fcntl.AT_FDCWD, arguments.longAt(1), 0);
    }

    private static long linkat(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(4);
        PathArguments.requireFlags(flags, Fcntl.AT_SYMLINK_FOLLOW | Fcntl.AT_EMPTY_PATH);
        return link(
                task,
                arguments.intAt(0),
                arguments.longAt(1),
                arguments.intAt(2),
                arguments.longAt(3),
                flags);
    }

    private static long link(
            Task task, int oldFd, long oldAddress, int newFd, long newAddress, int flags) {
        boolean mayBeEmpty = (flags & Fcntl.AT_EMPTY_PATH) != 0;
        if (mayBeEmpty && !task.credentials().has(Capability.DAC_READ_SEARCH)) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        Lookup lookup = (flags & Fcntl.AT_SYMLINK_FOLLOW) != 0 ? Lookup.FOLLOW : Lookup.NO_FOLLOW;
        Location source =
                PathArguments.resolve(task, oldFd, oldAddress, lookup.withAllowEmpty(mayBeEmpty));
        PathName path = PathArguments.path(task, newAddress);
        task.kernel()
                .vfs()
                .link(task.caller(), source, PathArguments.base(task, newFd, path), path);
        return 0;
    }

    private static long symlink(Task task, SyscallArguments arguments) {
        return symlink(task, arguments.longAt(0), Fcntl.AT_FDCWD, arguments.longAt(1));
    }

    private static long symlinkat(Task task, SyscallArguments arguments) {
        return symlink(task, arguments.longAt(0), arguments.intAt(1), arguments.longAt(2));
    }

    private static long symlink(Task task, long targetAddress, int fd, long address) {
        PathName target = PathArguments.path(task, targetAddress);
        PathName path = PathArguments.path(task, address);
        task.kernel()
                .vfs()
                .makeSymlink(task.caller(), target, PathArguments.base(task, fd, path), path);
        return 0;
    }

    private static long mknod(Task task, SyscallArguments arguments) {
        return mknod(
                task, Fcntl.AT_FDCWD, arguments.longAt(0), arguments.intAt(1), arguments.longAt(2));
    }

    private static long mknodat(Task task, SyscallArguments arguments) {
        return mknod(
                task,
                arguments.intAt(0),
                arguments.longAt(1),
                arguments.intAt(2),
                arguments.longAt(3));
    }

    private static long mknod(Task task, int fd, long address, int mode, long device) {
        PathName path = PathArguments.path(task, address);
        task.kernel()
                .vfs()
                .makeNode(
                        task.caller(),
                        PathArguments.base(task, fd, path),
                        path,
                        mode,
                        DeviceNumber.decode(device & 0xffffffffL));
        return 0;
    }
}
