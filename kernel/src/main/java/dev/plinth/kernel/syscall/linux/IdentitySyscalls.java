package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.StructFormats.INT_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;

import java.util.List;

/** Who a task is: process and thread numbers, users and groups. */
final class IdentitySyscalls implements SyscallFamily {
    private static final String ONE_PROCESS =
            "there is one process yet, number 1 and its own leader";

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("getpid", IdentitySyscalls::getpid),
                supported("gettid", IdentitySyscalls::gettid),
                supported("getppid", IdentitySyscalls::getppid),
                partial("getpgrp", ONE_PROCESS, IdentitySyscalls::getpid),
                partial("getpgid", ONE_PROCESS, IdentitySyscalls::ofProcess, INT),
                partial("getsid", ONE_PROCESS, IdentitySyscalls::ofProcess, INT),
                supported("getuid", IdentitySyscalls::getuid),
                supported("geteuid", IdentitySyscalls::geteuid),
                supported("getgid", IdentitySyscalls::getgid),
                supported("getegid", IdentitySyscalls::getegid),
                supported("getresuid", IdentitySyscalls::getresuid, INT_OUT, INT_OUT, INT_OUT),
                supported("getresgid", IdentitySyscalls::getresgid, INT_OUT, INT_OUT, INT_OUT),
                supported("getgroups", IdentitySyscalls::getgroups, INT, SystemFormats.GROUPS_OUT));
    }

    private static long getpid(Task task, SyscallArguments arguments) {
        return task.group().pid();
    }

    private static long getppid(Task task, SyscallArguments arguments) {
        return task.group().parentPid(task.kernel().processes());
    }

    private static long gettid(Task task, SyscallArguments arguments) {
        return task.tid();
    }

    private static long ofProcess(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        if (pid != 0 && task.kernel().process(pid).isEmpty()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return task.group().pid();
    }

    private static long getuid(Task task, SyscallArguments arguments) {
        return task.credentials().uids().real();
    }

    private static long geteuid(Task task, SyscallArguments arguments) {
        return task.credentials().uids().effective();
    }

    private static long getgid(Task task, SyscallArguments arguments) {
        return task.credentials().gids().real();
    }

    private static long getegid(Task task, SyscallArguments arguments) {
        return task.credentials().gids().effective();
    }

    private static long getresuid(Task task, SyscallArguments arguments) {
        task.guestMemory().writeInt(arguments.longAt(0), task.credentials().uids().real());
        task.guestMemory().writeInt(arguments.longAt(1), task.credentials().uids().effective());
        task.guestMemory().writeInt(arguments.longAt(2), task.credentials().uids().saved());
        return 0;
    }

    private static long getresgid(Task task, SyscallArguments arguments) {
        task.guestMemory().writeInt(arguments.longAt(0), task.credentials().gids().real());
        task.guestMemory().writeInt(arguments.longAt(1), task.credentials().gids().effective());
        task.guestMemory().writeInt(arguments.longAt(2), task.credentials().gids().saved());
        return 0;
    }

    private static long getgroups(Task task, SyscallArguments arguments) {
        int size = arguments.intAt(0);
        List<Integer> groups = task.credentials().groups();
        if (size < 0 || (size > 0 && size < groups.size())) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (size > 0) {
            long address = arguments.longAt(1);
            for (int group : groups) {
                task.guestMemory().writeInt(address, group);
                address += Integer.BYTES;
            }
        }
        return groups.size();
    }
}
