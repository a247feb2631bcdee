package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.loader.ProgramArguments;
import dev.plinth.kernel.strace.FileFormats;
import dev.plinth.kernel.strace.Formats;
import dev.plinth.kernel.strace.ProcessFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ProgramLoader;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Running other programs. */
final class ExecSyscalls implements SyscallFamily {
    /** More strings than this do not fit within the limit on all of them, empty or not. */
    private static final int MAX_STRINGS = 1 << 20;

    /** More bytes than this do not, either: 3/4 of _STK_LIM. */
    private static final long MAX_BYTES = 6L << 20;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "execve",
                        ExecSyscalls::execve,
                        PATH,
                        ProcessFormats.STRINGS,
                        ProcessFormats.ENVIRONMENT),
                supported(
                        "execveat",
                        ExecSyscalls::execveat,
                        Formats.DIR_FD,
                        PATH,
                        ProcessFormats.STRINGS,
                        ProcessFormats.ENVIRONMENT,
                        FileFormats.AT_FLAGS));
    }

    private static long execve(Task task, SyscallArguments arguments) {
        byte[] path = PathArguments.path(task, arguments.longAt(0)).toBytes();
        task.kernel()
                .execute(
                        task,
                        ProgramLoader.Request.of(
                                path,
                                () -> strings(task, arguments.longAt(1), arguments.longAt(2)),
                                task.group().limits(),
                                task.settings()));
        return 0;
    }

    private static long execveat(Task task, SyscallArguments arguments) {
        int fd = arguments.intAt(0);
        long address = arguments.longAt(1);
        int flags = arguments.intAt(4);
        PathArguments.requireFlags(flags, Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH);
        PathName path = PathArguments.pathOrEmpty(task, address);
        Location program = PathArguments.resolve(task, fd, address, PathArguments.lookup(flags));
        boolean byDescriptor = fd != Fcntl.AT_FDCWD && !path.isAbsolute();
        task.kernel()
                .execute(
                        task,
                        new ProgramLoader.Request(
                                Optional.of(program),
                                byDescriptor ? nameOf(fd, path) : path.toBytes(),
                                !byDescriptor || !task.files().isCloseOnExec(fd),
                                () -> strings(task, arguments.longAt(2), arguments.longAt(3)),
                                task.group().limits(),
                                task.settings()));
        return 0;
    }

    /** The name of a program in a directory that is open: {@code alloc_bprm} of fs/exec.c. */
    private static byte[] nameOf(int fd, PathName path) {
        PathName directory = PathName.of("/dev/fd/" + fd);
        return (path.isEmpty() ? directory : directory.concat(PathName.of("/")).concat(path))
                .toBytes();
    }

    private static ProgramLoader.Strings strings(Task task, long arguments, long environment) {
        return new ProgramLoader.Strings(strings(task, arguments), strings(task, environment));
    }

    /** Reads an array of strings; Linux takes no address for an empty one. */
    private static List<byte[]> strings(Task task, long address) {
        List<byte[]> strings = new ArrayList<>();
        if (address == 0) {
            return strings;
        }
        long total = 0;
        for (int i = 0; ; i++) {
            long string = task.guestMemory().readLong(address + (long) i * Long.BYTES);
            if (string == 0) {
                return strings;
            }
            if (i == MAX_STRINGS) {
                throw ErrnoException.of(Errno.E2BIG);
            }
            byte[] bytes =
                    task.guestMemory()
                            .readString(string, ProgramArguments.MAX_STRING_BYTES)
                            .orElseThrow(() -> ErrnoException.of(Errno.E2BIG));
            total += bytes.length + 1L + Long.BYTES;
            if (total > MAX_BYTES) {
                throw ErrnoException.of(Errno.E2BIG);
            }
            strings.add(bytes);
        }
    }
}
