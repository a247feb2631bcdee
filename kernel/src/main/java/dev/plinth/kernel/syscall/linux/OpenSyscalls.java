package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.FileFormats.OPEN_FLAGS;
import static dev.plinth.kernel.strace.FileFormats.OPEN_HOW;
import static dev.plinth.kernel.strace.FileFormats.OPEN_MODE;
import static dev.plinth.kernel.strace.Formats.DIR_FD;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.MODE;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.OpenHow;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Openat2;
import dev.plinth.kernel.vfs.linux.Stat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Opening and closing. */
final class OpenSyscalls implements SyscallFamily {
    private static final int CLOSE_RANGE_UNSHARE = 2;
    private static final int CLOSE_RANGE_CLOEXEC = 4;

    /** The O_* flags of openat2(2) that the structure's 64 bits could hold beyond an int. */
    private static final long UPPER_HALF = 0xffff_ffff_0000_0000L;

    private static final ArgumentFormat CLOSE_RANGE_FLAGS =
            new FlagFormat("0")
                    .with(CLOSE_RANGE_UNSHARE, "CLOSE_RANGE_UNSHARE")
                    .with(CLOSE_RANGE_CLOEXEC, "CLOSE_RANGE_CLOEXEC")
                    .family("CLOSE_RANGE_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("open", OpenSyscalls::open, PATH, OPEN_FLAGS, OPEN_MODE),
                supported("openat", OpenSyscalls::openat, DIR_FD, PATH, OPEN_FLAGS, OPEN_MODE),
                supported("openat2", OpenSyscalls::openat2, DIR_FD, PATH, OPEN_HOW, SIZE),
                supported("creat", OpenSyscalls::creat, PATH, MODE),
                supported("close", OpenSyscalls::close, FD),
                supported(
                        "close_range",
                        OpenSyscalls::closeRange,
                        UNSIGNED,
                        UNSIGNED,
                        CLOSE_RANGE_FLAGS));
    }

    private static long open(Task task, SyscallArguments arguments) {
        return open(
                task,
                Fcntl.AT_FDCWD,
                arguments.longAt(0),
                how(arguments.intAt(1), arguments.intAt(2)));
    }

    private static long openat(Task task, SyscallArguments arguments) {
        return open(
                task,
                arguments.intAt(0),
                arguments.longAt(1),
                how(arguments.intAt(2), arguments.intAt(3)));
    }

    private static long creat(Task task, SyscallArguments arguments) {
        int flags = Fcntl.O_CREAT | Fcntl.O_WRONLY | Fcntl.O_TRUNC;
        return open(task, Fcntl.AT_FDCWD, arguments.longAt(0), how(flags, arguments.intAt(1)));
    }

    /**
     * How open(2) opens: flags that it does not know are dropped, and files may be large, as for
     * every 64-bit program. O_PATH leaves little else in force.
     */
    private static OpenHow how(int flags, int mode) {
        int known = flags & Fcntl.VALID_OPEN_FLAGS;
        if ((known & Fcntl.O_PATH) != 0) {
            known &= Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_PATH | Fcntl.O_CLOEXEC;
        } else {
            known |= Fcntl.O_LARGEFILE;
        }
        boolean creates = (known & (Fcntl.O_CREAT | Fcntl.__O_TMPFILE)) != 0;
        return OpenHow.of(known, creates ? mode & Stat.PERMISSION_BITS : 0);
    }

    private static long openat2(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(2);
        long size = arguments.longAt(3);
        if (Long.compareUnsigned(size, Openat2.OPEN_HOW_BYTES) < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (Long.compareUnsigned(size, Pages.SIZE) > 0) {
            throw ErrnoException.of(Errno.E2BIG);
        }
        byte[] bytes = task.guestMemory().copyIn(address, (int) size);
        for (int i = Openat2.OPEN_HOW_BYTES; i < bytes.length; i++) {
            if (bytes[i] != 0) {
                throw ErrnoException.of(Errno.E2BIG);
            }
        }
        MemorySegment how = MemorySegment.ofArray(bytes);
        return open(
                task,
                arguments.intAt(0),
                arguments.longAt(1),
                checkedHow(
                        how.get(ValueLayout.JAVA_LONG_UNALIGNED, 0),
                        how.get(ValueLayout.JAVA_LONG_UNALIGNED, Long.BYTES),
                        how.get(ValueLayout.JAVA_LONG_UNALIGNED, 2 * Long.BYTES)));
    }

    private static OpenHow checkedHow(long flags, long mode, long resolve) {
        boolean creates = (flags & (Fcntl.O_CREAT | Fcntl.__O_TMPFILE)) != 0;
        long pathFlags = Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_PATH | Fcntl.O_CLOEXEC;
        boolean known =
                (flags & UPPER_HALF) == 0
                        && (flags & ~Fcntl.VALID_OPEN_FLAGS) == 0
                        && (resolve & ~(long) Openat2.VALID_RESOLVE_FLAGS) == 0
                        && ((flags & Fcntl.O_PATH) == 0 || (flags & ~pathFlags) == 0)
                        && (creates ? (mode & ~(long) Stat.PERMISSION_BITS) == 0 : mode == 0);
        int both = Openat2.RESOLVE_BENEATH | Openat2.RESOLVE_IN_ROOT;
        if (!known || (resolve & both) == both) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return new OpenHow((int) flags, (int) mode, (int) resolve);
    }

    private static long open(Task task, int directory, long pathAddress, OpenHow how) {
        PathName path = PathArguments.path(task, pathAddress);
        FileDescription file =
                task.kernel()
                        .vfs()
                        .open(task.caller(), PathArguments.base(task, directory, path), path, how);
        Blocking.untilOpen(task, file);
        return task.files().open(file, (how.flags() & Fcntl.O_CLOEXEC) != 0, descriptorLimit(task));
    }

    /** The first number that no descriptor can have: RLIMIT_NOFILE. */
    static int descriptorLimit(Task task) {
        return (int)
                Math.min(
                        Integer.MAX_VALUE,
                        task.group().limits().soft(ResourceLimits.RLIMIT_NOFILE));
    }

    private static long close(Task task, SyscallArguments arguments) {
        task.files().close(arguments.intAt(0));
        return 0;
    }

    private static long closeRange(Task task, SyscallArguments arguments) {
        int first = arguments.intAt(0);
        int last = arguments.intAt(1);
        int flags = arguments.intAt(2);
        PathArguments.requireFlags(flags, CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC);
        if (Integer.compareUnsigned(first, last) > 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        // Both are unsigned: what is beyond an int cannot be open. The table belongs to one task,
        // so that there is nothing to unshare.
        int end = last < 0 ? Integer.MAX_VALUE : last;
        if (first >= 0) {
            if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
                task.files().setCloseOnExecRange(first, end);
            } else {
                task.files().closeRange(first, end);
            }
        }
        return 0;
    }
}
