package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.StructFormats.INT_PAIR_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pipefs.PipeFs;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Pipes; fs/pipe.c. */
final class PipeSyscalls implements SyscallFamily {
    private static final int KNOWN_FLAGS = Fcntl.O_CLOEXEC | Fcntl.O_NONBLOCK | Fcntl.O_DIRECT;

    private static final ArgumentFormat PIPE_FLAGS =
            new FlagFormat("0")
                    .with(Fcntl.O_CLOEXEC, "O_CLOEXEC")
                    .with(Fcntl.O_NONBLOCK, "O_NONBLOCK")
                    .with(Fcntl.O_DIRECT, "O_DIRECT");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("pipe", PipeSyscalls::pipe, INT_PAIR_OUT),
                supported("pipe2", PipeSyscalls::pipe2, INT_PAIR_OUT, PIPE_FLAGS));
    }

    private static long pipe(Task task, SyscallArguments arguments) {
        return pipe(task, arguments.longAt(0), 0);
    }

    private static long pipe2(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(1);
        PathArguments.requireFlags(flags, KNOWN_FLAGS);
        return pipe(task, arguments.longAt(0), flags);
    }

    private static long pipe(Task task, long address, int flags) {
        PipeFs.Ends ends = task.kernel().internal().pipes().newPipe(flags, task.credentials());
        openPair(task, address, ends.reading(), ends.writing(), (flags & Fcntl.O_CLOEXEC) != 0);
        return 0;
    }

    /**
     * Gives two files descriptors and writes these to an array of two ints; all of it or nothing.
     *
     * @param first whose reference is taken over, as the other's
     * @throws ErrnoException EMFILE; EFAULT
     */
    static void openPair(
            Task task,
            long address,
            FileDescription first,
            FileDescription second,
            boolean closeOnExec) {
        int limit = OpenSyscalls.descriptorLimit(task);
        int[] fds = {-1, -1};
        boolean done = false;
        try {
            fds[0] = task.files().open(first.retain(), closeOnExec, limit);
            fds[1] = task.files().open(second.retain(), closeOnExec, limit);
            task.guestMemory().copyOut(address, MemorySegment.ofArray(fds));
            done = true;
        } finally {
            first.close();
            second.close();
            if (!done) {
                closeIfOpen(task, fds[0]);
                closeIfOpen(task, fds[1]);
            }
        }
    }

    /** Another thread may have closed the number already, though it was told to nobody. */
    private static void closeIfOpen(Task task, int fd) {
        try {
            if (fd >= 0) {
                task.files().close(fd);
            }
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EBADF) {
                throw e;
            }
        }
    }
}
