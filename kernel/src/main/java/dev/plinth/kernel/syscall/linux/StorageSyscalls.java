package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.OFFSET;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.util.List;

/** How large files are, what room they have, and when they are on disk. */
final class StorageSyscalls implements SyscallFamily {
    /** linux/falloc.h. */
    private static final int FALLOC_FL_COLLAPSE_RANGE = 0x8;

    private static final int FALLOC_FL_INSERT_RANGE = 0x20;
    private static final int FALLOC_FL_UNSHARE_RANGE = 0x40;
    private static final int FALLOC_FL_WRITE_ZEROES = 0x80;

    private static final int POSIX_FADV_NOREUSE = 5;

    private static final ArgumentFormat FALLOCATE_MODE =
            new FlagFormat("0")
                    .with(Fs.FALLOC_FL_KEEP_SIZE, "FALLOC_FL_KEEP_SIZE")
                    .with(Fs.FALLOC_FL_PUNCH_HOLE, "FALLOC_FL_PUNCH_HOLE")
                    .with(4, "FALLOC_FL_NO_HIDE_STALE")
                    .with(FALLOC_FL_COLLAPSE_RANGE, "FALLOC_FL_COLLAPSE_RANGE")
                    .with(Fs.FALLOC_FL_ZERO_RANGE, "FALLOC_FL_ZERO_RANGE")
                    .with(FALLOC_FL_INSERT_RANGE, "FALLOC_FL_INSERT_RANGE")
                    .with(FALLOC_FL_UNSHARE_RANGE, "FALLOC_FL_UNSHARE_RANGE")
                    .family("FALLOC_FL_???");

    private static final ArgumentFormat ADVICE =
            NameFormat.ofList(
                            "POSIX_FADV_NORMAL",
                            "POSIX_FADV_RANDOM",
                            "POSIX_FADV_SEQUENTIAL",
                            "POSIX_FADV_WILLNEED",
                            "POSIX_FADV_DONTNEED",
                            "POSIX_FADV_NOREUSE")
                    .family("POSIX_FADV_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("truncate", StorageSyscalls::truncate, PATH, OFFSET),
                supported("ftruncate", StorageSyscalls::ftruncate, FD, OFFSET),
                supported(
                        "fallocate",
                        StorageSyscalls::fallocate,
                        FD,
                        FALLOCATE_MODE,
                        OFFSET,
                        OFFSET),
                supported("fsync", StorageSyscalls::fsync, FD),
                supported("fdatasync", StorageSyscalls::fdatasync, FD),
                supported("sync", StorageSyscalls::sync),
                supported("syncfs", StorageSyscalls::syncfs, FD),
                supported("fadvise64", StorageSyscalls::fadvise64, FD, OFFSET, OFFSET, ADVICE),
                supported("readahead", StorageSyscalls::readahead, FD, OFFSET, SIZE));
    }

    private static long truncate(Task task, SyscallArguments arguments) {
        long size = arguments.longAt(1);
        requireNotNegative(size);
        Location location =
                PathArguments.resolve(task, Fcntl.AT_FDCWD, arguments.longAt(0), Lookup.FOLLOW);
        requireAllowedSize(task, location, size);
        task.kernel().vfs().truncate(task.caller(), location, size);
        return 0;
    }

    private static long ftruncate(Task task, SyscallArguments arguments) {
        long size = arguments.longAt(1);
        requireNotNegative(size);
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            if (file.inode().type() != FileType.REGULAR || !file.isWritable()) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            requireAllowedSize(task, file.location(), size);
            task.kernel().vfs().truncate(task.caller(), file, size);
            return 0;
        }
    }

    private static void requireAllowedSize(Task task, Location location, long size) {
        if (location.inode().type() == FileType.REGULAR) {
            FileWrites.requireAllowedSize(task, location.inode().stat().size(), size);
        }
    }

    private static void requireNotNegative(long size) {
        if (size < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** {@code vfs_fallocate} of fs/open.c. */
    private static long fallocate(Task task, SyscallArguments arguments) {
        int mode = arguments.intAt(1);
        long offset = arguments.longAt(2);
        long length = arguments.longAt(3);
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            if (offset < 0 || length <= 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            requireAllocationMode(mode);
            if (!file.isWritable()) {
                throw ErrnoException.of(Errno.EBADF);
            }
            switch (file.inode().type()) {
                case FIFO -> throw ErrnoException.of(Errno.ESPIPE);
                case DIRECTORY -> throw ErrnoException.of(Errno.EISDIR);
                case REGULAR, BLOCK_DEVICE -> {}
                default -> throw ErrnoException.of(Errno.ENODEV);
            }
            if (offset > Long.MAX_VALUE - length) {
                throw ErrnoException.of(Errno.EFBIG);
            }
            if ((mode & Fs.FALLOC_FL_KEEP_SIZE) == 0) {
                requireAllowedSize(task, file.location(), offset + length);
            }
            task.kernel().vfs().beforeWrite(task.caller(), file);
            file.allocate(mode, offset, length);
            return 0;
        }
    }

    /** A mode asks for one thing; some of them always, some of them never keep the size. */
    private static void requireAllocationMode(int mode) {
        boolean keepsSize = (mode & Fs.FALLOC_FL_KEEP_SIZE) != 0;
        boolean known =
                switch (mode & ~Fs.FALLOC_FL_KEEP_SIZE) {
                    case 0, Fs.FALLOC_FL_ZERO_RANGE, FALLOC_FL_UNSHARE_RANGE -> true;
                    case Fs.FALLOC_FL_PUNCH_HOLE -> keepsSize;
                    case FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_WRITE_ZEROES ->
                            !keepsSize;
                    default -> false;
                };
        if (!known) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
    }

    private static long fsync(Task task, SyscallArguments arguments) {
        return sync(task, arguments, false);
    }

    private static long fdatasync(Task task, SyscallArguments arguments) {
        return sync(task, arguments, true);
    }

    private static long sync(Task task, SyscallArguments arguments, boolean dataOnly) {
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            file.sync(dataOnly);
            return 0;
        }
    }

    private static long sync(Task task, SyscallArguments arguments) {
        for (Mount mount : task.kernel().mounts().mounts()) {
            mount.fileSystem().sync();
        }
        return 0;
    }

    private static long syncfs(Task task, SyscallArguments arguments) {
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            file.inode().fileSystem().sync();
            return 0;
        }
    }

    /** {@code generic_fadvise} of mm/fadvise.c: no advice changes what a program can see. */
    private static long fadvise64(Task task, SyscallArguments arguments) {
        long length = arguments.longAt(2);
        int advice = arguments.intAt(3);
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            if (file.inode().type() == FileType.FIFO) {
                throw ErrnoException.of(Errno.ESPIPE);
            }
            if (length < 0 || advice < 0 || advice > POSIX_FADV_NOREUSE) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            return 0;
        }
    }

    /** {@code ksys_readahead} of mm/readahead.c. */
    private static long readahead(Task task, SyscallArguments arguments) {
        long count = arguments.longAt(2);
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            if (!file.isReadable()) {
                throw ErrnoException.of(Errno.EBADF);
            }
            FileType type = file.inode().type();
            boolean hasPages = type == FileType.REGULAR || type == FileType.BLOCK_DEVICE;
            if (!hasPages || count < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            return 0;
        }
    }
}
