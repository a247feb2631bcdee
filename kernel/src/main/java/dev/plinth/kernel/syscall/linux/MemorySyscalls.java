package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.HEX;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;
import static dev.plinth.kernel.syscall.SyscallRow.unimplemented;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.strace.Formats;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.ResultFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;

import java.util.List;

/** The address space. */
final class MemorySyscalls implements SyscallFamily {
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MREMAP_FIXED = 2;

    private static final ArgumentFormat PROT =
            new FlagFormat("PROT_NONE")
                    .with(1, "PROT_READ")
                    .with(2, "PROT_WRITE")
                    .with(4, "PROT_EXEC")
                    .with(0x01000000, "PROT_GROWSDOWN")
                    .with(0x02000000, "PROT_GROWSUP");

    private static final ArgumentFormat MAP_FLAGS =
            new FlagFormat("0", 0xf)
                    .with(1, "MAP_SHARED")
                    .with(2, "MAP_PRIVATE")
                    .with(3, "MAP_SHARED_VALIDATE")
                    .with(0x10, "MAP_FIXED")
                    .with(MAP_ANONYMOUS, "MAP_ANONYMOUS")
                    .with(0x40, "MAP_32BIT")
                    .with(0x4000, "MAP_NORESERVE")
                    .with(0x8000, "MAP_POPULATE")
                    .with(0x10000, "MAP_NONBLOCK")
                    .with(0x100, "MAP_GROWSDOWN")
                    .with(0x800, "MAP_DENYWRITE")
                    .with(0x1000, "MAP_EXECUTABLE")
                    .with(0x2000, "MAP_LOCKED")
                    .with(0x20000, "MAP_STACK")
                    .with(0x40000, "MAP_HUGETLB")
                    .with(0x80000, "MAP_SYNC")
                    .with(0x100000, "MAP_FIXED_NOREPLACE");

    private static final ArgumentFormat MREMAP_FLAGS =
            new FlagFormat("0")
                    .with(1, "MREMAP_MAYMOVE")
                    .with(MREMAP_FIXED, "MREMAP_FIXED")
                    .with(4, "MREMAP_DONTUNMAP")
                    .family("MREMAP_???");

    private static final ArgumentFormat MREMAP_ADDRESS =
            Formats.shownIf(arguments -> (arguments.intAt(3) & MREMAP_FIXED) != 0, POINTER);

    private static final ArgumentFormat ADVICE =
            NameFormat.ofList(
                            "MADV_NORMAL",
                            "MADV_RANDOM",
                            "MADV_SEQUENTIAL",
                            "MADV_WILLNEED",
                            "MADV_DONTNEED")
                    .with(8, "MADV_FREE")
                    .with(9, "MADV_REMOVE")
                    .with(10, "MADV_DONTFORK")
                    .with(11, "MADV_DOFORK")
                    .with(12, "MADV_MERGEABLE")
                    .with(13, "MADV_UNMERGEABLE")
                    .with(14, "MADV_HUGEPAGE")
                    .with(15, "MADV_NOHUGEPAGE")
                    .with(16, "MADV_DONTDUMP")
                    .with(17, "MADV_DODUMP")
                    .family("MADV_???");

    private static final ArgumentFormat MSYNC_FLAGS =
            new FlagFormat("0")
                    .with(4, "MS_SYNC")
                    .with(1, "MS_ASYNC")
                    .with(2, "MS_INVALIDATE")
                    .family("MS_???");

    private static final ArgumentFormat MLOCK_FLAGS =
            new FlagFormat("0").with(1, "MLOCK_ONFAULT").family("MLOCK_???");

    private static final ArgumentFormat MLOCKALL_FLAGS =
            new FlagFormat("0")
                    .with(1, "MCL_CURRENT")
                    .with(2, "MCL_FUTURE")
                    .with(4, "MCL_ONFAULT")
                    .family("MCL_???");

    private static final String NO_LOCKING = "memory of the sandbox is locked in name only";

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                                "mmap",
                                "no huge pages",
                                MemorySyscalls::mmap,
                                POINTER,
                                SIZE,
                                PROT,
                                MAP_FLAGS,
                                FD,
                                HEX)
                        .returning(ResultFormat.ADDRESS),
                supported("munmap", MemorySyscalls::munmap, POINTER, SIZE),
                supported("mprotect", MemorySyscalls::mprotect, POINTER, SIZE, PROT),
                supported("brk", MemorySyscalls::brk, POINTER).returning(ResultFormat.ADDRESS),
                supported(
                                "mremap",
                                MemorySyscalls::mremap,
                                POINTER,
                                SIZE,
                                SIZE,
                                MREMAP_FLAGS,
                                MREMAP_ADDRESS)
                        .returning(ResultFormat.ADDRESS),
                partial(
                        "madvise",
                        "advice that changes nothing a program can see is accepted",
                        MemorySyscalls::madvise,
                        POINTER,
                        SIZE,
                        ADVICE),
                supported("msync", MemorySyscalls::msync, POINTER, SIZE, MSYNC_FLAGS),
                supported("mincore", MemorySyscalls::mincore, POINTER, SIZE, POINTER),
                partial("mlock", NO_LOCKING, MemorySyscalls::mlock, POINTER, SIZE),
                partial("mlock2", NO_LOCKING, MemorySyscalls::mlock2, POINTER, SIZE, MLOCK_FLAGS),
                partial("munlock", NO_LOCKING, MemorySyscalls::munlock, POINTER, SIZE),
                partial("mlockall", NO_LOCKING, MemorySyscalls::mlockall, MLOCKALL_FLAGS),
                partial("munlockall", NO_LOCKING, MemorySyscalls::munlockall),
                unimplemented(
                        "pkey_mprotect",
                        Errno.ENOSYS,
                        "no protection keys",
                        POINTER,
                        SIZE,
                        PROT,
                        INT),
                unimplemented("pkey_alloc", Errno.ENOSPC, "no protection keys", INT, INT),
                unimplemented("pkey_free", Errno.EINVAL, "no protection keys", INT));
    }

    private static long mmap(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(0);
        long length = arguments.longAt(1);
        int prot = arguments.intAt(2);
        int flags = arguments.intAt(3);
        long offset = arguments.longAt(5);
        if (!Pages.isAligned(offset)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if ((flags & MAP_ANONYMOUS) != 0) {
            return task.memory().mmap(address, length, prot, flags);
        }
        try (FileDescription file = task.files().get(arguments.intAt(4))) {
            return task.memory().mmap(address, length, prot, flags, file.mappedFile(), offset);
        }
    }

    private static long munmap(Task task, SyscallArguments arguments) {
        task.memory().munmap(arguments.longAt(0), arguments.longAt(1));
        return 0;
    }

    private static long mprotect(Task task, SyscallArguments arguments) {
        task.memory().mprotect(arguments.longAt(0), arguments.longAt(1), arguments.intAt(2));
        return 0;
    }

    private static long brk(Task task, SyscallArguments arguments) {
        return task.memory().brk(arguments.longAt(0));
    }

    private static long mremap(Task task, SyscallArguments arguments) {
        return task.memory()
                .mremap(
                        arguments.longAt(0),
                        arguments.longAt(1),
                        arguments.longAt(2),
                        arguments.intAt(3),
                        arguments.longAt(4));
    }

    private static long madvise(Task task, SyscallArguments arguments) {
        task.memory().madvise(arguments.longAt(0), arguments.longAt(1), arguments.intAt(2));
        return 0;
    }

    private static long msync(Task task, SyscallArguments arguments) {
        task.memory().msync(arguments.longAt(0), arguments.longAt(1), arguments.intAt(2));
        return 0;
    }

    private static long mincore(Task task, SyscallArguments arguments) {
        task.memory().mincore(arguments.longAt(0), arguments.longAt(1), arguments.longAt(2));
        return 0;
    }

    private static long mlock(Task task, SyscallArguments arguments) {
        task.memory().mlock(arguments.longAt(0), arguments.longAt(1), 0);
        return 0;
    }

    private static long mlock2(Task task, SyscallArguments arguments) {
        task.memory().mlock(arguments.longAt(0), arguments.longAt(1), arguments.intAt(2));
        return 0;
    }

    private static long munlock(Task task, SyscallArguments arguments) {
        task.memory().munlock(arguments.longAt(0), arguments.longAt(1));
        return 0;
    }

    private static long mlockall(Task task, SyscallArguments arguments) {
        task.memory().mlockall(arguments.intAt(0));
        return 0;
    }

    private static long munlockall(Task task, SyscallArguments arguments) {
        task.memory().munlockall();
        return 0;
    }
}
