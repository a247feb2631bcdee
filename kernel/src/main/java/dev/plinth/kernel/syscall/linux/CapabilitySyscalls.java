package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.CapabilityChanges;
import dev.plinth.kernel.cred.CapabilitySets;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** What a task may do: capget(2) and capset(2), as kernel/capability.c has them. */
final class CapabilitySyscalls implements SyscallFamily {
    /** The versions of {@code struct __user_cap_header_struct}: linux/capability.h. */
    private static final int VERSION_1 = 0x19980330;

    private static final int VERSION_2 = 0x20071026;
    private static final int VERSION_3 = 0x20080522;

    /** {@code struct __user_cap_data_struct}: effective, permitted, inheritable. */
    private static final int DATA_BYTES = 3 * Integer.BYTES;

    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("capget", CapabilitySyscalls::capget, POINTER, POINTER),
                supported("capset", CapabilitySyscalls::capset, POINTER, POINTER));
    }

    private static long capget(Task task, SyscallArguments arguments) {
        long header = arguments.longAt(0);
        long data = arguments.longAt(1);
        int words = words(task, header);
        if (words == 0) {
            // Asked without data, the call only tells which version it would understand.
            if (data == 0) {
                return 0;
            }
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (data == 0) {
            return 0;
        }
        int tid = task.guestMemory().readInt(header + Integer.BYTES);
        if (tid < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        CapabilitySets sets = target(task, tid).credentials().capabilities();
        byte[] bytes = new byte[words * DATA_BYTES];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int word = 0; word < words; word++) {
            int shift = word * Integer.SIZE;
            long at = (long) word * DATA_BYTES;
            segment.set(WORD, at, (int) (sets.effective() >>> shift));
            segment.set(WORD, at + 4, (int) (sets.permitted() >>> shift));
            segment.set(WORD, at + 8, (int) (sets.inheritable() >>> shift));
        }
        task.guestMemory().copyOut(data, bytes);
        return 0;
    }

    private static Task target(Task task, int tid) {
        if (tid == 0) {
            return task;
        }
        return task.kernel().tasks().stream()
                .filter(other -> other.tid() == tid)
                .findFirst()
                .orElseThrow(() -> ErrnoException.of(Errno.ESRCH));
    }

    private static long capset(Task task, SyscallArguments arguments) {
        long header = arguments.longAt(0);
        int words = words(task, header);
        if (words == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int tid = task.guestMemory().readInt(header + Integer.BYTES);
        if (tid != 0 && tid != task.tid()) {
            throw ErrnoException.of(Errno.EPERM);
        }
        MemorySegment data =
                MemorySegment.ofArray(
                        task.guestMemory().copyIn(arguments.longAt(1), words * DATA_BYTES));
        long effective = 0;
        long permitted = 0;
        long inheritable = 0;
        for (int word = 0; word < words; word++) {
            int shift = word * Integer.SIZE;
            long at = (long) word * DATA_BYTES;
            effective |= Integer.toUnsignedLong(data.get(WORD, at)) << shift;
            permitted |= Integer.toUnsignedLong(data.get(WORD, at + 4)) << shift;
            inheritable |= Integer.toUnsignedLong(data.get(WORD, at + 8)) << shift;
        }
        task.setCredentials(
                CapabilityChanges.set(task.credentials(), effective, permitted, inheritable));
        return 0;
    }

    /**
     * How many structures of data go with a header; zero for an unknown version, and then the
     * header is given the one that is preferred.
     */
    private static int words(Task task, long header) {
        switch (task.guestMemory().readInt(header)) {
            case VERSION_1 -> {
                return 1;
            }
            case VERSION_2, VERSION_3 -> {
                return 2;
            }
            default -> {
                task.guestMemory().writeInt(header, VERSION_3);
                return 0;
            }
        }
    }
}
