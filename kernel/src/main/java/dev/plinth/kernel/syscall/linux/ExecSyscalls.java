package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.loader.ProgramArguments;
import dev.plinth.kernel.strace.ProcessFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ProgramLoader;
import dev.plinth.kernel.task.Task;

import java.util.ArrayList;
import java.util.List;

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
                        ProcessFormats.ENVIRONMENT));
    }

    private static long execve(Task task, SyscallArguments arguments) {
        byte[] path = PathArguments.path(task, arguments.longAt(0)).toBytes();
        List<byte[]> list = strings(task, arguments.longAt(1));
        List<byte[]> environment = strings(task, arguments.longAt(2));
        task.kernel()
                .execute(
                        task,
                        new ProgramLoader.Request(path, list, environment, task.group().limits()));
        return 0;
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
