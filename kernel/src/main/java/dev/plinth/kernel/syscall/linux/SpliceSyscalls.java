package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.StructFormats.LONG_IN;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.fs.pipefs.PipeDescription;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.strace.FileFormats;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.List;
import java.util.function.LongSupplier;

/** Moving bytes between files and pipes; fs/splice.c. */
final class SpliceSyscalls implements SyscallFamily {
    /** {@code SPLICE_F_*} of linux/splice.h. */
    private static final int SPLICE_F_MOVE = 1;

    private static final int SPLICE_F_NONBLOCK = 2;
    private static final int SPLICE_F_MORE = 4;
    private static final int SPLICE_F_GIFT = 8;
    private static final int ALL_FLAGS =
            SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;

    private static final ArgumentFormat SPLICE_FLAGS =
            new FlagFormat("0")
                    .with(SPLICE_F_MOVE, "SPLICE_F_MOVE")
                    .with(SPLICE_F_NONBLOCK, "SPLICE_F_NONBLOCK")
                    .with(SPLICE_F_MORE, "SPLICE_F_MORE")
                    .with(SPLICE_F_GIFT, "SPLICE_F_GIFT");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "splice",
                        SpliceSyscalls::splice,
                        FD,
                        LONG_IN,
                        FD,
                        LONG_IN,
                        SIZE,
                        SPLICE_FLAGS),
                supported("tee", SpliceSyscalls::tee, FD, FD, SIZE, SPLICE_FLAGS),
                supported(
                        "vmsplice",
                        SpliceSyscalls::vmsplice,
                        FD,
                        FileFormats.IOVEC_IN,
                        SIZE,
                        SPLICE_FLAGS));
    }

    /**
     * Where one side of a splice(2) stands.
     *
     * @param offsetAddress of the offset to be used in place of the position; zero for none
     */
    private record Side(FileDescription file, long offsetAddress) {
        Side {
            if (file instanceof PipeDescription && offsetAddress != 0) {
                throw ErrnoException.of(Errno.ESPIPE);
            }
        }

        long offset(Task task) {
            return ReadWriteSyscalls.requireOffset(task.guestMemory().readLong(offsetAddress));
        }

        void advance(Task task, long offset, long count) {
            task.guestMemory().writeLong(offsetAddress, offset + count);
        }
    }

    private static long splice(Task task, SyscallArguments arguments) {
        long length = arguments.longAt(4);
        int flags = arguments.intAt(5);
        if (length == 0) {
            return 0;
        }
        PathArguments.requireFlags(flags, ALL_FLAGS);
        try (FileDescription in = task.files().get(arguments.intAt(0));
                FileDescription out = task.files().get(arguments.intAt(2))) {
            Side from = new Side(in, arguments.longAt(1));
            Side to = new Side(out, arguments.longAt(3));
            if (!in.isReadable() || !out.isWritable()) {
                throw ErrnoException.of(Errno.EBADF);
            }
            long limit = limit(length);
            boolean impatient = (flags & SPLICE_F_NONBLOCK) != 0;
            if (in instanceof PipeDescription source) {
                return out instanceof PipeDescription target
                        ? between(
                                task, source, target, impatient, () -> source.moveTo(target, limit))
                        : fromPipe(task, source, to, limit, impatient);
            }
            if (out instanceof PipeDescription target) {
                return toPipe(task, from, target, limit, impatient);
            }
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** A negative length is one that is too large, and as such is cut. */
    private static long limit(long length) {
        return length < 0 ? Fs.MAX_RW_COUNT : Math.min(length, Fs.MAX_RW_COUNT);
    }

    private static long tee(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(3);
        PathArguments.requireFlags(flags, ALL_FLAGS);
        if (arguments.longAt(2) == 0) {
            return 0;
        }
        long limit = limit(arguments.longAt(2));
        try (FileDescription in = task.files().get(arguments.intAt(0));
                FileDescription out = task.files().get(arguments.intAt(1))) {
            if (!in.isReadable() || !out.isWritable()) {
                throw ErrnoException.of(Errno.EBADF);
            }
            if (in instanceof PipeDescription source && out instanceof PipeDescription target) {
                return between(
                        task,
                        source,
                        target,
                        (flags & SPLICE_F_NONBLOCK) != 0,
                        () -> source.copyTo(target, limit));
            }
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** Waits for bytes in one pipe and for room in the other, as long as others are faster. */
    private static long between(
            Task task,
            PipeDescription source,
            PipeDescription target,
            boolean impatient,
            LongSupplier operation) {
        boolean waits = !impatient && !source.isNonBlocking() && !target.isNonBlocking();
        while (true) {
            try {
                return operation.getAsLong();
            } catch (ErrnoException e) {
                signalIfBroken(task, e);
                if (e.errno() != Errno.EAGAIN || !waits) {
                    throw e;
                }
            }
            if (!awaitBytes(task, source, false)) {
                return 0;
            }
            awaitRoom(task, target, false);
        }
    }

    private static void signalIfBroken(Task task, ErrnoException e) {
        if (e.errno() == Errno.EPIPE) {
            task.signals().send(SignalInfo.fromKernel(Signal.SIGPIPE));
        }
    }

    private static boolean awaitBytes(Task task, PipeDescription source, boolean impatient) {
        long deadline = deadline(task, source, impatient);
        return Blocking.until(
                        task, source, Poll.POLLIN, deadline, () -> source.requireBytes() ? 1 : 0)
                > 0;
    }

    private static void awaitRoom(Task task, PipeDescription target, boolean impatient) {
        long deadline = deadline(task, target, impatient);
        try {
            Blocking.until(
                    task,
                    target,
                    Poll.POLLOUT,
                    deadline,
                    () -> {
                        target.requireRoom();
                        return 0;
                    });
        } catch (ErrnoException e) {
            signalIfBroken(task, e);
            throw e;
        }
    }

    private static long deadline(Task task, FileDescription file, boolean impatient) {
        return impatient ? Blocking.AT_ONCE : Blocking.readingPatience(task, file);
    }

    private static long toPipe(
            Task task, Side from, PipeDescription target, long limit, boolean impatient) {
        FileDescription in = from.file();
        requireSpliceable(in);
        boolean hasOffset = from.offsetAddress() != 0;
        long offset = hasOffset ? from.offset(task) : 0;
        long count;
        do {
            awaitRoom(task, target, impatient);
            count =
                    Blocking.until(
                            task,
                            in,
                            Poll.POLLIN,
                            deadline(task, in, impatient),
                            () ->
                                    target.fillFrom(
                                            limit,
                                            buffer ->
                                                    hasOffset
                                                            ? in.readAt(buffer, offset)
                                                            : in.read(buffer)));
        } while (count == PipeDescription.MISSED);
        if (hasOffset) {
            from.advance(task, offset, count);
        }
        return count;
    }

    private static long fromPipe(
            Task task, PipeDescription source, Side to, long limit, boolean impatient) {
        FileDescription out = to.file();
        boolean hasOffset = to.offsetAddress() != 0;
        long offset = hasOffset ? to.offset(task) : 0;
        if ((out.flags() & Fcntl.O_APPEND) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        requireSpliceable(out);
        // Of a call that is made again, a part may have been moved before.
        long done = Math.min(task.call().resumed().takeDone(), limit);
        while (done < limit) {
            if (done == 0 && !awaitBytes(task, source, impatient)) {
                break;
            }
            long count = writeOut(task, source, to, offset, done, limit - done, impatient);
            if (count == PipeDescription.MISSED) {
                if (done > 0) {
                    break;
                }
                continue;
            }
            done += count;
            if (count == 0) {
                break;
            }
        }
        if (hasOffset) {
            to.advance(task, offset, done);
        }
        return done;
    }

    /** Writes what the pipe has; an error or a signal only ends the call if some was written. */
    private static long writeOut(
            Task task,
            PipeDescription source,
            Side to,
            long offset,
            long done,
            long limit,
            boolean impatient) {
        FileDescription out = to.file();
        try {
            return Blocking.until(
                    task,
                    out,
                    Poll.POLLOUT,
                    deadline(task, out, impatient),
                    () ->
                            source.drainTo(
                                    limit,
                                    buffer -> {
                                        if (to.offsetAddress() == 0) {
                                            FileWrites.prepare(task, out, buffer);
                                            return out.write(buffer);
                                        }
                                        FileWrites.prepareAt(task, out, buffer, offset + done);
                                        return out.writeAt(buffer, offset + done);
                                    }));
        } catch (ErrnoException | RestartException e) {
            if (e instanceof ErrnoException error) {
                signalIfBroken(task, error);
            }
            if (done > 0) {
                if (Blocking.isByStop(task, e)) {
                    throw task.call().resumed().breakOff(done);
                }
                return 0;
            }
            throw e;
        }
    }

    /**
     * What is no file, such as an eventfd, has no {@code splice_read} and no {@code splice_write}.
     */
    private static void requireSpliceable(FileDescription file) {
        FileType type = file.inode().type();
        if (type == FileType.ANONYMOUS || type == FileType.DIRECTORY) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** The pages are copied: what the program writes to them later is not seen in the pipe. */
    private static long vmsplice(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(3);
        PathArguments.requireFlags(flags, ALL_FLAGS);
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            boolean writes = file.isWritable();
            if (!(file instanceof PipeDescription pipe)) {
                throw ErrnoException.of(Errno.EBADF);
            }
            List<AddressRange> pieces =
                    task.guestMemory().readIovec(arguments.longAt(1), arguments.longAt(2));
            IoBuffer buffer =
                    writes
                            ? task.guestMemory().source(pieces)
                            : task.guestMemory().destination(pieces);
            if (buffer.remaining() == 0) {
                return 0;
            }
            // Whether the pipe is non-blocking is not asked.
            boolean impatient = (flags & SPLICE_F_NONBLOCK) != 0;
            long deadline = impatient ? Blocking.AT_ONCE : Blocker.NO_DEADLINE;
            try {
                return Blocking.until(
                        task,
                        pipe,
                        writes ? Poll.POLLOUT : Poll.POLLIN,
                        deadline,
                        () -> writes ? pipe.write(buffer) : pipe.read(buffer));
            } catch (ErrnoException e) {
                signalIfBroken(task, e);
                throw e;
            }
        }
    }
}
