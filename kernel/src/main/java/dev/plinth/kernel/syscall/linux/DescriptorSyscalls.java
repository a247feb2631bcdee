package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.DescriptorFormats.FCNTL_ARGUMENT;
import static dev.plinth.kernel.strace.DescriptorFormats.FCNTL_COMMAND;
import static dev.plinth.kernel.strace.DescriptorFormats.FCNTL_RESULT;
import static dev.plinth.kernel.strace.DescriptorFormats.IOCTL_ARGUMENT;
import static dev.plinth.kernel.strace.DescriptorFormats.IOCTL_REQUEST;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pipefs.PipeDescription;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.UserMemory;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Descriptors and what is set on them. */
final class DescriptorSyscalls implements SyscallFamily {
    /** asm-generic/ioctls.h: what every file knows, whatever its kind. */
    private static final int FIONREAD = 0x541b;

    private static final int FIONBIO = 0x5421;
    private static final int FIONCLEX = 0x5450;
    private static final int FIOCLEX = 0x5451;

    private static final ArgumentFormat DUP_FLAGS =
            new FlagFormat("0").with(Fcntl.O_CLOEXEC, "O_CLOEXEC");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("dup", DescriptorSyscalls::dup, FD),
                supported("dup2", DescriptorSyscalls::dup2, FD, FD),
                supported("dup3", DescriptorSyscalls::dup3, FD, FD, DUP_FLAGS),
                partial(
                                "fcntl",
                                "descriptors, flags, locks; no leases, no directory notification",
                                DescriptorSyscalls::fcntl,
                                FD,
                                FCNTL_COMMAND,
                                FCNTL_ARGUMENT)
                        .returning(FCNTL_RESULT),
                partial(
                        "ioctl",
                        "what each kind of file knows; ENOTTY otherwise",
                        DescriptorSyscalls::ioctl,
                        FD,
                        IOCTL_REQUEST,
                        IOCTL_ARGUMENT));
    }

    private static long dup(Task task, SyscallArguments arguments) {
        FileDescription file = task.files().getAlsoPathOnly(arguments.intAt(0));
        return task.files().open(file, false, OpenSyscalls.descriptorLimit(task));
    }

    private static long dup2(Task task, SyscallArguments arguments) {
        int from = arguments.intAt(0);
        int to = arguments.intAt(1);
        if (from == to) {
            task.files().getAlsoPathOnly(from).close();
            return to;
        }
        return duplicate(task, from, to, false);
    }

    private static long dup3(Task task, SyscallArguments arguments) {
        int from = arguments.intAt(0);
        int to = arguments.intAt(1);
        int flags = arguments.intAt(2);
        if ((flags & ~Fcntl.O_CLOEXEC) != 0 || from == to) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return duplicate(task, from, to, flags != 0);
    }

    private static long duplicate(Task task, int from, int to, boolean closeOnExec) {
        int limit = OpenSyscalls.descriptorLimit(task);
        if (to < 0 || to >= limit) {
            throw ErrnoException.of(Errno.EBADF);
        }
        FileDescription file = task.files().getAlsoPathOnly(from);
        task.files().replace(to, file, closeOnExec, limit);
        return to;
    }

    private static long fcntl(Task task, SyscallArguments arguments) {
        int fd = arguments.intAt(0);
        int command = arguments.intAt(1);
        int value = arguments.intAt(2);
        try (FileDescription file = task.files().getAlsoPathOnly(fd)) {
            return switch (command) {
                case Fcntl.F_DUPFD -> duplicateFrom(task, file, value, false);
                case Fcntl.F_DUPFD_CLOEXEC -> duplicateFrom(task, file, value, true);
                case Fcntl.F_GETFD -> task.files().isCloseOnExec(fd) ? Fcntl.FD_CLOEXEC : 0;
                case Fcntl.F_SETFD -> {
                    task.files().setCloseOnExec(fd, (value & Fcntl.FD_CLOEXEC) != 0);
                    yield 0;
                }
                case Fcntl.F_GETFL -> file.flags();
                default -> fcntlOfFile(task, fd, file, command, arguments.longAt(2));
            };
        }
    }

    private static long duplicateFrom(
            Task task, FileDescription file, int minimum, boolean closeOnExec) {
        return task.files()
                .openFrom(minimum, file.retain(), closeOnExec, OpenSyscalls.descriptorLimit(task));
    }

    /** Commands that a descriptor which only names its file (O_PATH) does not have. */
    private static long fcntlOfFile(
            Task task, int fd, FileDescription file, int command, long value) {
        if (file.isPathOnly()) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return switch (command) {
            case Fcntl.F_SETFL -> {
                file.setFlags((int) value);
                yield 0;
            }
            case Fcntl.F_GETLK,
                    Fcntl.F_SETLK,
                    Fcntl.F_SETLKW,
                    Fcntl.F_OFD_GETLK,
                    Fcntl.F_OFD_SETLK,
                    Fcntl.F_OFD_SETLKW ->
                    LockSyscalls.fcntl(task, fd, file, command, value);
            case Fcntl.F_GETLEASE -> Fcntl.F_UNLCK;
            case Fcntl.F_SETLEASE -> throw noLease((int) value);
            case Fcntl.F_GETOWN -> 0;
            case Fcntl.F_SETOWN -> 0;
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    private static PipeDescription pipe(FileDescription file) {
        if (file instanceof PipeDescription pipe) {
            return pipe;
        }
        throw ErrnoException.of(Errno.EBADF);
    }

    /** As on a file system that knows no leases: there is none to give up, and none to have. */
    private static ErrnoException noLease(int type) {
        return ErrnoException.of(type == Fcntl.F_UNLCK ? Errno.EAGAIN : Errno.EINVAL);
    }

    private static long ioctl(Task task, SyscallArguments arguments) {
        int fd = arguments.intAt(0);
        int request = arguments.intAt(1);
        long argument = arguments.longAt(2);
        try (FileDescription file = task.files().get(fd)) {
            switch (request) {
                case FIOCLEX -> task.files().setCloseOnExec(fd, true);
                case FIONCLEX -> task.files().setCloseOnExec(fd, false);
                case FIONBIO -> {
                    boolean nonBlocking = task.guestMemory().readInt(argument) != 0;
                    int flags = file.flags() & ~Fcntl.O_NONBLOCK;
                    file.setFlags(nonBlocking ? flags | Fcntl.O_NONBLOCK : flags);
                }
                case FIONREAD -> {
                    if (file.inode().type() != FileType.REGULAR) {
                        return file.ioctl(request, argument, memoryOf(task));
                    }
                    long left = file.stat().size() - file.seek(0, Fs.SEEK_CUR);
                    task.guestMemory().writeInt(argument, (int) left);
                }
                default -> {
                    return file.ioctl(request, argument, memoryOf(task));
                }
            }
            return 0;
        }
    }

    private static UserMemory memoryOf(Task task) {
        return new UserMemory() {
            @Override
            public void copyIn(long address, MemorySegment to) {
                task.guestMemory().copyIn(address, to);
            }

            @Override
            public void copyOut(long address, MemorySegment from) {
                task.guestMemory().copyOut(address, from);
            }
        };
    }
}
