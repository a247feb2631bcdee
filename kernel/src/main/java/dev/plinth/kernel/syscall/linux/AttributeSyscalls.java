package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.FileFormats.AT_FLAGS;
import static dev.plinth.kernel.strace.FileFormats.FILE_TIMESPECS;
import static dev.plinth.kernel.strace.FileFormats.FILE_TIMEVALS;
import static dev.plinth.kernel.strace.FileFormats.UTIMBUF;
import static dev.plinth.kernel.strace.Formats.DIR_FD;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.MODE;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.Formats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Stat;

import java.util.List;
import java.util.Optional;

/** Permissions, owners and times of files. */
final class AttributeSyscalls implements SyscallFamily {
    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("chmod", AttributeSyscalls::chmod, PATH, MODE),
                supported("fchmod", AttributeSyscalls::fchmod, FD, MODE),
                supported("fchmodat", AttributeSyscalls::fchmodat, DIR_FD, PATH, MODE),
                supported("fchmodat2", AttributeSyscalls::fchmodat2, DIR_FD, PATH, MODE, AT_FLAGS),
                supported("umask", AttributeSyscalls::umask, MODE).returning(Formats.MODE_RESULT),
                supported("chown", AttributeSyscalls::chown, PATH, INT, INT),
                supported("fchown", AttributeSyscalls::fchown, FD, INT, INT),
                supported("lchown", AttributeSyscalls::lchown, PATH, INT, INT),
                supported(
                        "fchownat", AttributeSyscalls::fchownat, DIR_FD, PATH, INT, INT, AT_FLAGS),
                supported("utime", AttributeSyscalls::utime, PATH, UTIMBUF),
                supported("utimes", AttributeSyscalls::utimes, PATH, FILE_TIMEVALS),
                supported("futimesat", AttributeSyscalls::futimesat, DIR_FD, PATH, FILE_TIMEVALS),
                supported(
                        "utimensat",
                        AttributeSyscalls::utimensat,
                        DIR_FD,
                        PATH,
                        FILE_TIMESPECS,
                        AT_FLAGS));
    }

    private static long chmod(Task task, SyscallArguments arguments) {
        return chmod(task, named(task, arguments.longAt(0)), arguments.intAt(1));
    }

    private static long fchmod(Task task, SyscallArguments arguments) {
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            return chmod(task, file.location(), arguments.intAt(1));
        }
    }

    private static long fchmodat(Task task, SyscallArguments arguments) {
        Location location = namedAt(task, arguments.intAt(0), arguments.longAt(1), 0);
        return chmod(task, location, arguments.intAt(2));
    }

    private static long fchmodat2(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(3);
        Location location = namedAt(task, arguments.intAt(0), arguments.longAt(1), flags);
        return chmod(task, location, arguments.intAt(2));
    }

    private static long chmod(Task task, Location location, int mode) {
        task.kernel().vfs().setPermissions(task.caller(), location, mode);
        return 0;
    }

    private static long umask(Task task, SyscallArguments arguments) {
        return task.fs().exchangeUmask(arguments.intAt(0) & Stat.ACCESS_BITS);
    }

    private static long chown(Task task, SyscallArguments arguments) {
        return chown(
                task, named(task, arguments.longAt(0)), arguments.intAt(1), arguments.intAt(2));
    }

    private static long fchown(Task task, SyscallArguments arguments) {
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            return chown(task, file.location(), arguments.intAt(1), arguments.intAt(2));
        }
    }

    private static long lchown(Task task, SyscallArguments arguments) {
        Location location =
                PathArguments.resolve(task, Fcntl.AT_FDCWD, arguments.longAt(0), Lookup.NO_FOLLOW);
        return chown(task, location, arguments.intAt(1), arguments.intAt(2));
    }

    private static long fchownat(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(4);
        Location location = namedAt(task, arguments.intAt(0), arguments.longAt(1), flags);
        return chown(task, location, arguments.intAt(2), arguments.intAt(3));
    }

    private static long chown(Task task, Location location, int uid, int gid) {
        task.kernel().vfs().setOwner(task.caller(), location, uid, gid);
        return 0;
    }

    private static long utime(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(1);
        Optional<FileTimes> times =
                address == 0 ? Optional.empty() : Optional.of(FileTimes.ofUtimbuf(task, address));
        return setTimes(task, Fcntl.AT_FDCWD, arguments.longAt(0), times, 0);
    }

    private static long utimes(Task task, SyscallArguments arguments) {
        Optional<FileTimes> times = timevals(task, arguments.longAt(1));
        return setTimes(task, Fcntl.AT_FDCWD, arguments.longAt(0), times, 0);
    }

    private static long futimesat(Task task, SyscallArguments arguments) {
        Optional<FileTimes> times = timevals(task, arguments.longAt(2));
        return setTimes(task, arguments.intAt(0), arguments.longAt(1), times, 0);
    }

    private static Optional<FileTimes> timevals(Task task, long address) {
        return address == 0 ? Optional.empty() : Optional.of(FileTimes.ofTimevals(task, address));
    }

    private static long utimensat(Task task, SyscallArguments arguments) {
        int fd = arguments.intAt(0);
        long path = arguments.longAt(1);
        long address = arguments.longAt(2);
        int flags = arguments.intAt(3);
        if (address == 0) {
            return setTimes(task, fd, path, Optional.empty(), flags);
        }
        FileTimes times = FileTimes.ofTimespecs(task, address);
        return times.isOmitted() ? 0 : setTimes(task, fd, path, Optional.of(times), flags);
    }

    /**
     * {@code do_utimes} of fs/utimes.c.
     *
     * @param path null, as address, means the descriptor itself
     * @param times empty for now
     */
    private static long setTimes(
            Task task, int fd, long path, Optional<FileTimes> times, int flags) {
        if (path != 0 || fd == Fcntl.AT_FDCWD) {
            return setTimes(task, namedAt(task, fd, path, flags), times);
        }
        PathArguments.requireFlags(flags, 0);
        try (FileDescription file = task.files().get(fd)) {
            return setTimes(task, file.location(), times);
        }
    }

    private static long setTimes(Task task, Location location, Optional<FileTimes> times) {
        times.ifPresent(FileTimes::requireValid);
        if (times.isEmpty() || times.get().isNow()) {
            task.kernel().vfs().touch(task.caller(), location);
        } else {
            Clock clock = task.kernel().clock();
            task.kernel()
                    .vfs()
                    .setTimes(
                            task.caller(),
                            location,
                            times.get().accessed(clock),
                            times.get().modified(clock));
        }
        return 0;
    }

    private static Location named(Task task, long path) {
        return PathArguments.resolve(task, Fcntl.AT_FDCWD, path, Lookup.FOLLOW);
    }

    /**
     * The file that a descriptor, a path and flags name.
     *
     * @param flags of AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH
     * @throws ErrnoException EINVAL for other flags, and what a walk throws
     */
    private static Location namedAt(Task task, int fd, long path, int flags) {
        PathArguments.requireFlags(flags, Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
        return PathArguments.resolve(task, fd, path, PathArguments.lookup(flags));
    }
}
