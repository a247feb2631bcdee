package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.DescriptorFormats.FCNTL_ARGUMENT;
import static dev.plinth.kernel.strace.DescriptorFormats.FCNTL_COMMAND;
import static dev.plinth.kernel.strace.DescriptorFormats.FCNTL_RESULT;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fd.HostFileDescription;
import dev.plinth.kernel.fs.pipefs.PipeDescription;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.SignalOwner;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Commands on descriptors and open files; fs/fcntl.c. */
final class FcntlSyscalls implements SyscallFamily {
    /** {@code struct f_owner_ex}: int type, int pid. */
    private static final int OWNER_BYTES = 8;

    private static final int LAST_SIGNAL = 64;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                                "fcntl",
                                "no O_ASYNC (EINVAL), so that nobody gets SIGIO; no leases",
                                FcntlSyscalls::fcntl,
                                FD,
                                FCNTL_COMMAND,
                                FCNTL_ARGUMENT)
                        .returning(FCNTL_RESULT));
    }

    private static long fcntl(Task task, SyscallArguments arguments) {
        int fd = arguments.intAt(0);
        int command = arguments.intAt(1);
        int value = arguments.intAt(2);
        try (FileDescription file = task.files().getAlsoPathOnly(fd)) {
            return switch (command) {
                case Fcntl.F_DUPFD -> duplicate(task, file, value, false);
                case Fcntl.F_DUPFD_CLOEXEC -> duplicate(task, file, value, true);
                case Fcntl.F_DUPFD_QUERY -> isSame(task, file, value) ? 1 : 0;
                case Fcntl.F_GETFD -> task.files().isCloseOnExec(fd) ? Fcntl.FD_CLOEXEC : 0;
                case Fcntl.F_SETFD -> {
                    task.files().setCloseOnExec(fd, (value & Fcntl.FD_CLOEXEC) != 0);
                    yield 0;
                }
                case Fcntl.F_GETFL -> file.flags();
                default -> ofFile(task, fd, file, command, arguments.longAt(2));
            };
        }
    }

    private static long duplicate(
            Task task, FileDescription file, int minimum, boolean closeOnExec) {
        return task.files()
                .openFrom(minimum, file.retain(), closeOnExec, OpenSyscalls.descriptorLimit(task));
    }

    @SuppressWarnings("ReferenceEquality") // There is one object for each open file.
    private static boolean isSame(Task task, FileDescription file, int otherFd) {
        try (FileDescription other = task.files().getAlsoPathOnly(otherFd)) {
            return file == other;
        }
    }

    /** Commands that a descriptor which only names its file (O_PATH) does not have. */
    private static long ofFile(Task task, int fd, FileDescription file, int command, long value) {
        if (file.isPathOnly()) {
            throw ErrnoException.of(Errno.EBADF);
        }
        switch (command) {
            case Fcntl.F_SETFL -> setFlags(task, file, (int) value);
            case Fcntl.F_GETLK,
                    Fcntl.F_SETLK,
                    Fcntl.F_SETLKW,
                    Fcntl.F_OFD_GETLK,
                    Fcntl.F_OFD_SETLK,
                    Fcntl.F_OFD_SETLKW -> {
                return LockSyscalls.fcntl(task, fd, file, command, value);
            }
            case Fcntl.F_GETLEASE -> {
                return Fcntl.F_UNLCK;
            }
            case Fcntl.F_SETLEASE -> throw noLease((int) value);
            case Fcntl.F_GETPIPE_SZ -> {
                return pipe(file).capacity();
            }
            case Fcntl.F_SETPIPE_SZ -> {
                boolean privileged = task.credentials().has(Capability.SYS_RESOURCE);
                return pipe(file).setCapacity((int) value, privileged);
            }
            case Fcntl.F_GET_SEALS -> {
                return file.seals();
            }
            case Fcntl.F_ADD_SEALS -> file.addSeals((int) value);
            case Fcntl.F_GETOWN -> {
                return file.signalOwner().asNumber();
            }
            case Fcntl.F_SETOWN -> setOwner(task, file, SignalOwner.ofNumber((int) value));
            case Fcntl.F_GETOWN_EX -> {
                SignalOwner owner = file.signalOwner();
                int[] struct = {owner.kind().number(), owner.id()};
                task.guestMemory().copyOut(value, MemorySegment.ofArray(struct));
            }
            case Fcntl.F_SETOWN_EX -> setOwner(task, file, owner(task, value));
            case Fcntl.F_GETSIG -> {
                return file.signalOwner().signal();
            }
            case Fcntl.F_SETSIG -> {
                if (value < 0 || value > LAST_SIGNAL) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                file.setSignalOwner(file.signalOwner().withSignal((int) value));
            }
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        return 0;
    }

    /** F_SETFL; {@code setfl}. */
    private static void setFlags(Task task, FileDescription file, int flags) {
        int added = flags & ~file.flags();
        if ((added & Fcntl.O_NOATIME) != 0) {
            task.kernel().vfs().requireOwner(task.caller(), file);
        }
        FileType type = file.inode().type();
        boolean direct = type == FileType.REGULAR || type == FileType.FIFO;
        if (((added & Fcntl.O_DIRECT) != 0 && !direct)
                || ((added & Fcntl.FASYNC) != 0 && wouldSignal(file))) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        file.setFlags(flags);
    }

    /** Whether O_ASYNC would do something, which it cannot: the other files only keep the flag. */
    static boolean wouldSignal(FileDescription file) {
        FileType type = file.inode().type();
        return type == FileType.FIFO
                || type == FileType.SOCKET
                || (file instanceof HostFileDescription host && host.isTerminal());
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

    private static SignalOwner owner(Task task, long address) {
        MemorySegment struct =
                MemorySegment.ofArray(task.guestMemory().copyIn(address, OWNER_BYTES));
        return SignalOwner.of(
                struct.get(ValueLayout.JAVA_INT_UNALIGNED, 0),
                struct.get(ValueLayout.JAVA_INT_UNALIGNED, Integer.BYTES));
    }

    private static void setOwner(Task task, FileDescription file, SignalOwner owner) {
        boolean there =
                owner.id() == 0
                        || switch (owner.kind()) {
                            case THREAD -> task.kernel().processes().task(owner.id()).isPresent();
                            case PROCESS -> task.kernel().process(owner.id()).isPresent();
                            case PROCESS_GROUP -> task.kernel().processes().hasGroup(owner.id());
                        };
        if (!there) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        file.setSignalOwner(owner.withSignal(file.signalOwner().signal()));
    }
}
