package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fs;

import java.util.List;

/** Files in memory that have no name; mm/memfd.c. */
final class MemoryFileSyscalls implements SyscallFamily {
    /** {@code MFD_*} of linux/memfd.h. */
    private static final int MFD_CLOEXEC = 1;

    private static final int MFD_ALLOW_SEALING = 2;
    private static final int MFD_HUGETLB = 4;
    private static final int MFD_NOEXEC_SEAL = 8;
    private static final int MFD_EXEC = 0x10;
    private static final int ALL_FLAGS =
            MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC;

    /** {@code MFD_NAME_MAX_LEN}: what {@code memfd:} leaves of a name. */
    private static final int NAME_MAX = Fs.NAME_MAX - "memfd:".length();

    private static final ArgumentFormat MFD_FLAGS =
            new FlagFormat("0")
                    .with(MFD_CLOEXEC, "MFD_CLOEXEC")
                    .with(MFD_ALLOW_SEALING, "MFD_ALLOW_SEALING")
                    .with(MFD_HUGETLB, "MFD_HUGETLB")
                    .with(MFD_NOEXEC_SEAL, "MFD_NOEXEC_SEAL")
                    .with(MFD_EXEC, "MFD_EXEC");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "memfd_create",
                        "no MFD_HUGETLB",
                        MemoryFileSyscalls::memfdCreate,
                        PATH,
                        MFD_FLAGS));
    }

    private static long memfdCreate(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(1);
        PathArguments.requireFlags(flags, ALL_FLAGS);
        if ((flags & (MFD_EXEC | MFD_NOEXEC_SEAL)) == (MFD_EXEC | MFD_NOEXEC_SEAL)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        byte[] name =
                task.guestMemory()
                        .readString(arguments.longAt(0), NAME_MAX + 1)
                        .orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
        FileDescription file =
                task.kernel()
                        .internal()
                        .memoryFiles()
                        .create(
                                PathName.of(name),
                                (flags & MFD_ALLOW_SEALING) != 0,
                                (flags & MFD_NOEXEC_SEAL) == 0,
                                task.credentials());
        return task.files()
                .open(file, (flags & MFD_CLOEXEC) != 0, OpenSyscalls.descriptorLimit(task));
    }
}
