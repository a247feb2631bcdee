package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.FileFormats.IOVEC_IN;
import static dev.plinth.kernel.strace.FileFormats.IOVEC_OUT;
import static dev.plinth.kernel.strace.FileFormats.RWF_FLAGS;
import static dev.plinth.kernel.strace.FileFormats.UPPER_OFFSET;
import static dev.plinth.kernel.strace.FileFormats.WHENCE;
import static dev.plinth.kernel.strace.Formats.BYTES_OUT;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.OFFSET;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.bytesIn;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.net.UnixSocket;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** Reading and writing. */
final class ReadWriteSyscalls implements SyscallFamily {
    private static final String FLAGS_NOTE =
            "RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_APPEND, RWF_NOAPPEND; RWF_NOWAIT but for regular"
                    + " files";

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("read", ReadWriteSyscalls::read, FD, BYTES_OUT, SIZE),
                supported("write", ReadWriteSyscalls::write, FD, bytesIn(2), SIZE),
                supported("pread64", ReadWriteSyscalls::pread64, FD, BYTES_OUT, SIZE, OFFSET),
                supported("pwrite64", ReadWriteSyscalls::pwrite64, FD, bytesIn(2), SIZE, OFFSET),
                supported("readv", ReadWriteSyscalls::readv, FD, IOVEC_OUT, INT),
                supported("writev", ReadWriteSyscalls::writev, FD, IOVEC_IN, INT),
                supported("preadv", ReadWriteSyscalls::preadv, FD, IOVEC_OUT, INT, OFFSET),
                supported("pwritev", ReadWriteSyscalls::pwritev, FD, IOVEC_IN, INT, OFFSET),
                partial(
                        "preadv2",
                        FLAGS_NOTE,
                        ReadWriteSyscalls::preadv2,
                        FD,
                        IOVEC_OUT,
                        INT,
                        OFFSET,
                        UPPER_OFFSET,
                        RWF_FLAGS),
                partial(
                        "pwritev2",
                        FLAGS_NOTE,
                        ReadWriteSyscalls::pwritev2,
                        FD,
                        IOVEC_IN,
                        INT,
                        OFFSET,
                        UPPER_OFFSET,
                        RWF_FLAGS),
                supported("lseek", ReadWriteSyscalls::lseek, FD, OFFSET, WHENCE));
    }

    private static long read(Task task, SyscallArguments arguments) {
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return read(
                    task,
                    file,
                    task.guestMemory().destination(arguments.longAt(1), count(arguments)));
        }
    }

    private static long write(Task task, SyscallArguments arguments) {
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            return write(
                    task, file, task.guestMemory().source(arguments.longAt(1), count(arguments)));
        }
    }

    private static long pread64(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return file.readAt(
                    task.guestMemory().destination(arguments.longAt(1), count(arguments)), offset);
        }
    }

    private static long pwrite64(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            IoBuffer source = task.guestMemory().source(arguments.longAt(1), count(arguments));
            FileWrites.prepareAt(task, file, source, offset);
            return file.writeAt(source, offset);
        }
    }

    private static long readv(Task task, SyscallArguments arguments) {
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return read(task, file, destination(task, arguments));
        }
    }

    private static long writev(Task task, SyscallArguments arguments) {
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            return write(task, file, source(task, arguments));
        }
    }

    private static long preadv(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return file.readAt(destination(task, arguments), offset);
        }
    }

    private static long pwritev(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            IoBuffer source = source(task, arguments);
            FileWrites.prepareAt(task, file, source, offset);
            return file.writeAt(source, offset);
        }
    }

    /** An offset of -1 is the file's position, as for readv(2). */
    private static long preadv2(Task task, SyscallArguments arguments) {
        long offset = arguments.longAt(3);
        if (offset != -1) {
            requireOffset(offset);
        }
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            IoBuffer destination = destination(task, arguments);
            VectorFlags flags = new VectorFlags(file, arguments.intAt(5));
            return offset == -1
                    ? read(task, file, flags.isImpatient(), destination)
                    : file.readAt(destination, offset);
        }
    }

    private static long pwritev2(Task task, SyscallArguments arguments) {
        long offset = arguments.longAt(3);
        if (offset != -1) {
            requireOffset(offset);
        }
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            IoBuffer source = source(task, arguments);
            VectorFlags flags = new VectorFlags(file, arguments.intAt(5));
            long written =
                    offset == -1
                            ? write(task, file, flags.isImpatient(), source, flags::write)
                            : flags.writeAt(source, offset);
            flags.syncIfAsked();
            return written;
        }
    }

    private static long lseek(Task task, SyscallArguments arguments) {
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            return file.seek(arguments.longAt(1), arguments.intAt(2));
        }
    }

    /** Reads at the position, waiting if need be. */
    static long read(Task task, FileDescription file, IoBuffer destination) {
        return read(task, file, false, destination);
    }

    private static long read(
            Task task, FileDescription file, boolean impatient, IoBuffer destination) {
        long deadline = impatient ? Blocking.AT_ONCE : Blocking.readingPatience(task, file);
        return Blocking.until(task, file, Poll.POLLIN, deadline, () -> file.read(destination));
    }

    /** Writes at the position, waiting if need be. */
    static long write(Task task, FileDescription file, IoBuffer source) {
        return write(task, file, false, source, writer(task, file));
    }

    /** What is written to a socket is written by somebody: it may be asked who. */
    private static ToLongFunction<IoBuffer> writer(Task task, FileDescription file) {
        return file instanceof UnixSocket socket
                ? source -> socket.send(source, MessageSyscalls.bytesAlone(task), Optional.empty())
                : file::write;
    }

    /** A write of which a part is done when it has to wait goes on waiting, as write(2) does. */
    private static long write(
            Task task,
            FileDescription file,
            boolean impatient,
            IoBuffer source,
            ToLongFunction<IoBuffer> writer) {
        long deadline = impatient ? Blocking.AT_ONCE : Blocking.writingPatience(task, file);
        // Of a call that is made again, a part may have been written before.
        long before = source.skip(task.call().resumed().takeDone());
        if (before > 0 && source.remaining() == 0) {
            return before;
        }
        FileWrites.prepare(task, file, source);
        long length = before + source.remaining();
        long written = before > 0 ? before : writeSome(task, file, deadline, source, writer);
        while (written > 0 && source.remaining() > 0 && deadline != Blocking.AT_ONCE) {
            try {
                if (writeSome(task, file, deadline, source, writer) == 0) {
                    break;
                }
            } catch (ErrnoException | RestartException e) {
                if (Blocking.isByStop(task, e)) {
                    throw task.call().resumed().breakOff(length - source.remaining());
                }
                // What was written is the result; an error that lasts is met by the next call.
                break;
            }
        }
        return written == 0 ? 0 : length - source.remaining();
    }

    private static long writeSome(
            Task task,
            FileDescription file,
            long deadline,
            IoBuffer source,
            ToLongFunction<IoBuffer> writer) {
        try {
            return Blocking.until(
                    task, file, Poll.POLLOUT, deadline, () -> writer.applyAsLong(source));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EPIPE && file.breaksWithSignal()) {
                task.signals().send(SignalInfo.fromKernel(Signal.SIGPIPE));
            }
            throw e;
        }
    }

    /**
     * An open file that can be read.
     *
     * @throws ErrnoException EBADF
     */
    static FileDescription readable(Task task, int fd) {
        FileDescription file = task.files().get(fd);
        if (!file.isReadable()) {
            file.close();
            throw ErrnoException.of(Errno.EBADF);
        }
        return file;
    }

    /**
     * An open file that can be written.
     *
     * @throws ErrnoException EBADF
     */
    static FileDescription writable(Task task, int fd) {
        FileDescription file = task.files().get(fd);
        if (!file.isWritable()) {
            file.close();
            throw ErrnoException.of(Errno.EBADF);
        }
        return file;
    }

    private static IoBuffer destination(Task task, SyscallArguments arguments) {
        return task.guestMemory()
                .destination(
                        task.guestMemory().readIovec(arguments.longAt(1), arguments.longAt(2)));
    }

    private static IoBuffer source(Task task, SyscallArguments arguments) {
        return task.guestMemory()
                .source(task.guestMemory().readIovec(arguments.longAt(1), arguments.longAt(2)));
    }

    /** More than Linux moves at once is cut. A negative count is one that is too large. */
    private static long count(SyscallArguments arguments) {
        long count = arguments.longAt(2);
        if (count < 0) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return Math.min(count, Fs.MAX_RW_COUNT);
    }

    /**
     * An offset that is not negative.
     *
     * @throws ErrnoException EINVAL
     */
    static long requireOffset(long offset) {
        if (offset < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return offset;
    }
}
