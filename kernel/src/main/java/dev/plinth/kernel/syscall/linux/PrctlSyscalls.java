package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.ProcessFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;

import java.util.Arrays;
import java.util.List;

/** The settings of a process and of its threads: prctl(2). */
final class PrctlSyscalls implements SyscallFamily {
    private static final int PR_SET_PDEATHSIG = 1;
    private static final int PR_GET_PDEATHSIG = 2;
    private static final int PR_GET_DUMPABLE = 3;
    private static final int PR_SET_DUMPABLE = 4;
    private static final int PR_SET_NAME = 15;
    private static final int PR_GET_NAME = 16;
    private static final int PR_CAPBSET_READ = 23;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int PR_GET_NO_NEW_PRIVS = 39;

    private static final int LAST_CAPABILITY = 40;
    private static final int SUID_DUMP_USER = 1;

    private static final ArgumentFormat PRCTL_OPTION =
            new NameFormat()
                    .with(PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG")
                    .with(PR_GET_PDEATHSIG, "PR_GET_PDEATHSIG")
                    .with(PR_GET_DUMPABLE, "PR_GET_DUMPABLE")
                    .with(PR_SET_DUMPABLE, "PR_SET_DUMPABLE")
                    .with(PR_SET_NAME, "PR_SET_NAME")
                    .with(PR_GET_NAME, "PR_GET_NAME")
                    .with(PR_CAPBSET_READ, "PR_CAPBSET_READ")
                    .with(PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS")
                    .with(PR_GET_NO_NEW_PRIVS, "PR_GET_NO_NEW_PRIVS")
                    .family("PR_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "prctl",
                        "names, dumpable, no_new_privs, death signal, bounding set",
                        PrctlSyscalls::prctl,
                        PRCTL_OPTION,
                        ProcessFormats.PRCTL_ARGUMENT,
                        ProcessFormats.PRCTL_MORE,
                        ProcessFormats.PRCTL_MORE,
                        ProcessFormats.PRCTL_MORE));
    }

    private static long prctl(Task task, SyscallArguments arguments) {
        long value = arguments.longAt(1);
        return switch (arguments.intAt(0)) {
            case PR_SET_NAME -> {
                task.setName(
                        task.guestMemory()
                                .readString(value, Task.NAME_BYTES)
                                .orElseGet(() -> longName(task, value)));
                yield 0;
            }
            case PR_GET_NAME -> {
                task.guestMemory().copyOut(value, Arrays.copyOf(task.name(), Task.NAME_BYTES));
                yield 0;
            }
            case PR_GET_DUMPABLE -> SUID_DUMP_USER;
            case PR_SET_DUMPABLE -> {
                if (value != 0 && value != SUID_DUMP_USER) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                yield 0;
            }
            // The parent of the first process is outside, and does not die before it.
            case PR_SET_PDEATHSIG -> {
                if (value < 0 || value > 64) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                yield 0;
            }
            case PR_GET_PDEATHSIG -> {
                task.guestMemory().writeInt(value, 0);
                yield 0;
            }
            case PR_CAPBSET_READ -> {
                if (value < 0 || value > LAST_CAPABILITY) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                yield task.credentials().capabilities().bounding() >>> value & 1;
            }
            // No program gains privileges by being executed here, so both are true already.
            case PR_SET_NO_NEW_PRIVS -> {
                if (value != 1) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                yield 0;
            }
            case PR_GET_NO_NEW_PRIVS -> 1;
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    /** A name that is longer than there is room for is cut. */
    private static byte[] longName(Task task, long address) {
        return task.guestMemory().copyIn(address, Task.NAME_BYTES - 1);
    }
}
