package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;
import static dev.plinth.kernel.syscall.SyscallRow.unimplemented;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.ProcessFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.kernel.task.Task;

import java.util.List;

/** A task's life, and where its threads keep what is their own. */
final class ProcessSyscalls implements SyscallFamily {
    private static final int ARCH_SET_GS = 0x1001;
    private static final int ARCH_SET_FS = 0x1002;
    private static final int ARCH_GET_FS = 0x1003;
    private static final int ARCH_GET_GS = 0x1004;

    private static final ArgumentFormat ARCH_CODE =
            new NameFormat()
                    .with(ARCH_SET_GS, "ARCH_SET_GS")
                    .with(ARCH_SET_FS, "ARCH_SET_FS")
                    .with(ARCH_GET_FS, "ARCH_GET_FS")
                    .with(ARCH_GET_GS, "ARCH_GET_GS")
                    .with(0x3001, "ARCH_CET_STATUS")
                    .family("ARCH_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("exit", ProcessSyscalls::exit, INT),
                supported("exit_group", ProcessSyscalls::exitGroup, INT),
                partial(
                        "arch_prctl",
                        "bases of fs and gs",
                        ProcessSyscalls::archPrctl,
                        ARCH_CODE,
                        ProcessFormats.ARCH_ARGUMENT),
                supported("set_tid_address", ProcessSyscalls::setTidAddress, POINTER),
                unimplemented(
                        "rseq", Errno.ENOSYS, "C libraries do without", POINTER, SIZE, INT, INT));
    }

    private static long exit(Task task, SyscallArguments arguments) {
        task.exit(arguments.intAt(0));
        return 0;
    }

    private static long exitGroup(Task task, SyscallArguments arguments) {
        task.group().exit(new ExitStatus.Exited(arguments.intAt(0) & 0xff));
        return 0;
    }

    private static long archPrctl(Task task, SyscallArguments arguments) {
        long value = arguments.longAt(1);
        switch (arguments.intAt(0)) {
            case ARCH_SET_FS -> task.registers().setFsBase(userAddress(task, value));
            case ARCH_SET_GS -> task.registers().setGsBase(userAddress(task, value));
            case ARCH_GET_FS -> task.guestMemory().writeLong(value, task.registers().fsBase());
            case ARCH_GET_GS -> task.guestMemory().writeLong(value, task.registers().gsBase());
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        return 0;
    }

    /** A base beyond the user addresses is EPERM, as in do_arch_prctl_64. */
    private static long userAddress(Task task, long address) {
        if (address < 0 || address >= task.kernel().capabilities().userAddresses().end()) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return address;
    }

    private static long setTidAddress(Task task, SyscallArguments arguments) {
        task.setClearChildTid(arguments.longAt(0));
        return task.tid();
    }
}
