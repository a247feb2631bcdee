package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.StructFormats.INT_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.IdentityChanges;
import dev.plinth.kernel.cred.Ids;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;

import java.util.ArrayList;
import java.util.List;

/** Which users and groups a task acts as; the rules are in {@link IdentityChanges}. */
final class CredentialSyscalls implements SyscallFamily {
    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("getuid", CredentialSyscalls::getuid),
                supported("geteuid", CredentialSyscalls::geteuid),
                supported("getgid", CredentialSyscalls::getgid),
                supported("getegid", CredentialSyscalls::getegid),
                supported("getresuid", CredentialSyscalls::getresuid, INT_OUT, INT_OUT, INT_OUT),
                supported("getresgid", CredentialSyscalls::getresgid, INT_OUT, INT_OUT, INT_OUT),
                supported("setuid", CredentialSyscalls::setuid, INT),
                supported("setgid", CredentialSyscalls::setgid, INT),
                supported("setreuid", CredentialSyscalls::setreuid, INT, INT),
                supported("setregid", CredentialSyscalls::setregid, INT, INT),
                supported("setresuid", CredentialSyscalls::setresuid, INT, INT, INT),
                supported("setresgid", CredentialSyscalls::setresgid, INT, INT, INT),
                supported("setfsuid", CredentialSyscalls::setfsuid, INT),
                supported("setfsgid", CredentialSyscalls::setfsgid, INT),
                supported(
                        "getgroups", CredentialSyscalls::getgroups, INT, SystemFormats.GROUPS_OUT),
                supported("setgroups", CredentialSyscalls::setgroups, INT, POINTER));
    }

    /** Ids are unsigned: no id is an error, whatever its highest bit. */
    private static long result(int id) {
        return Integer.toUnsignedLong(id);
    }

    private static long getuid(Task task, SyscallArguments arguments) {
        return result(task.credentials().uids().real());
    }

    private static long geteuid(Task task, SyscallArguments arguments) {
        return result(task.credentials().uids().effective());
    }

    private static long getgid(Task task, SyscallArguments arguments) {
        return result(task.credentials().gids().real());
    }

    private static long getegid(Task task, SyscallArguments arguments) {
        return result(task.credentials().gids().effective());
    }

    private static long getresuid(Task task, SyscallArguments arguments) {
        return writeIds(task, arguments, task.credentials().uids());
    }

    private static long getresgid(Task task, SyscallArguments arguments) {
        return writeIds(task, arguments, task.credentials().gids());
    }

    private static long writeIds(Task task, SyscallArguments arguments, Ids ids) {
        task.guestMemory().writeInt(arguments.longAt(0), ids.real());
        task.guestMemory().writeInt(arguments.longAt(1), ids.effective());
        task.guestMemory().writeInt(arguments.longAt(2), ids.saved());
        return 0;
    }

    private static long setuid(Task task, SyscallArguments arguments) {
        return become(task, IdentityChanges.setUid(task.credentials(), arguments.intAt(0)));
    }

    private static long setgid(Task task, SyscallArguments arguments) {
        return become(task, IdentityChanges.setGid(task.credentials(), arguments.intAt(0)));
    }

    private static long setreuid(Task task, SyscallArguments arguments) {
        return become(
                task,
                IdentityChanges.setRealUid(
                        task.credentials(), arguments.intAt(0), arguments.intAt(1)));
    }

    private static long setregid(Task task, SyscallArguments arguments) {
        return become(
                task,
                IdentityChanges.setRealGid(
                        task.credentials(), arguments.intAt(0), arguments.intAt(1)));
    }

    private static long setresuid(Task task, SyscallArguments arguments) {
        return become(
                task,
                IdentityChanges.setUids(
                        task.credentials(),
                        arguments.intAt(0),
                        arguments.intAt(1),
                        arguments.intAt(2)));
    }

    private static long setresgid(Task task, SyscallArguments arguments) {
        return become(
                task,
                IdentityChanges.setGids(
                        task.credentials(),
                        arguments.intAt(0),
                        arguments.intAt(1),
                        arguments.intAt(2)));
    }

    /** Gives the old id, whether it could be changed or not. */
    private static long setfsuid(Task task, SyscallArguments arguments) {
        Credentials old = task.credentials();
        become(task, IdentityChanges.setFileUid(old, arguments.intAt(0)));
        return result(old.uids().fileSystem());
    }

    /** Gives the old id, whether it could be changed or not. */
    private static long setfsgid(Task task, SyscallArguments arguments) {
        Credentials old = task.credentials();
        become(task, IdentityChanges.setFileGid(old, arguments.intAt(0)));
        return result(old.gids().fileSystem());
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

    private static long setgroups(Task task, SyscallArguments arguments) {
        int count = arguments.intAt(0);
        IdentityChanges.requireMaySetGroups(task.credentials(), count);
        List<Integer> groups = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            groups.add(task.guestMemory().readInt(arguments.longAt(1) + (long) i * Integer.BYTES));
        }
        return become(task, IdentityChanges.setGroups(task.credentials(), groups));
    }

    private static long become(Task task, Credentials credentials) {
        task.setCredentials(credentials);
        return 0;
    }
}
