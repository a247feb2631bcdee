package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.ProcessFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.CloneRequest;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.linux.Sched;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** Making processes and threads. */
final class CloneSyscalls implements SyscallFamily {
    private static final String NO_NAMESPACES =
            "no namespaces, cgroups and descriptors of processes";

    /** {@code CLONE_ARGS_SIZE_VER0} to {@code VER2} of {@code struct clone_args}. */
    private static final int ARGS_BYTES_MIN = 64;

    private static final int ARGS_BYTES = 88;

    private static final long KNOWN_FLAGS =
            0xffff_ffffL | Sched.CLONE_CLEAR_SIGHAND | Sched.CLONE_INTO_CGROUP;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("fork", CloneSyscalls::fork),
                supported("vfork", CloneSyscalls::vfork),
                partial(
                        "clone",
                        NO_NAMESPACES,
                        CloneSyscalls::clone,
                        ProcessFormats.CLONE_FLAGS,
                        POINTER,
                        POINTER,
                        POINTER,
                        POINTER),
                partial(
                        "clone3",
                        NO_NAMESPACES,
                        CloneSyscalls::clone3,
                        ProcessFormats.CLONE_ARGUMENTS,
                        SIZE));
    }

    private static long fork(Task task, SyscallArguments arguments) {
        return task.kernel().clone(task, CloneRequest.fork());
    }

    private static long vfork(Task task, SyscallArguments arguments) {
        return task.kernel().clone(task, CloneRequest.vfork());
    }

    private static long clone(Task task, SyscallArguments arguments) {
        // The upper half of the flags is not looked at.
        long flags = arguments.longAt(0) & 0xffff_ffffL;
        CloneRequest request =
                new CloneRequest(
                        flags & ~Sched.CSIGNAL,
                        (int) (flags & Sched.CSIGNAL),
                        arguments.longAt(1),
                        arguments.longAt(4),
                        arguments.longAt(2),
                        arguments.longAt(3));
        return task.kernel().clone(task, request);
    }

    private static long clone3(Task task, SyscallArguments arguments) {
        MemorySegment given =
                MemorySegment.ofArray(
                        readArguments(task, arguments.longAt(0), arguments.longAt(1)));
        long flags = word(given, 0);
        long exitSignal = word(given, 4);
        long stack = word(given, 5);
        long stackSize = word(given, 6);
        requireNoNumbers(word(given, 8), word(given, 9));
        if ((exitSignal & ~Sched.CSIGNAL) != 0 || exitSignal > Signal.COUNT) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if ((flags & Sched.CLONE_INTO_CGROUP) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        requireSensible(task, flags, exitSignal, stack, stackSize);
        CloneRequest request =
                new CloneRequest(
                        flags,
                        (int) exitSignal,
                        stack == 0 ? 0 : stack + stackSize,
                        word(given, 7),
                        word(given, 3),
                        word(given, 2));
        return task.kernel().clone(task, request);
    }

    private static long word(MemorySegment arguments, int index) {
        return arguments.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) index * Long.BYTES);
    }

    /** As {@code copy_struct_from_user}: what this kernel does not know must be zero. */
    private static byte[] readArguments(Task task, long address, long size) {
        if (Long.compareUnsigned(size, Pages.SIZE) > 0) {
            throw ErrnoException.of(Errno.E2BIG);
        }
        if (size < ARGS_BYTES_MIN) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        byte[] bytes = task.guestMemory().copyIn(address, (int) size);
        for (int at = ARGS_BYTES; at < bytes.length; at++) {
            if (bytes[at] != 0) {
                throw ErrnoException.of(Errno.E2BIG);
            }
        }
        return Arrays.copyOf(bytes, ARGS_BYTES);
    }

    /** Nobody chooses the numbers of processes here: that needs a namespace of one's own. */
    private static void requireNoNumbers(long address, long count) {
        if (count < 0 || count > 32 || (address == 0) != (count == 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (count > 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    /** {@code clone3_args_valid}. */
    private static void requireSensible(
            Task task, long flags, long exitSignal, long stack, long stackSize) {
        long end = task.kernel().capabilities().userAddresses().end();
        boolean known =
                (flags & ~KNOWN_FLAGS) == 0
                        && (flags & (Sched.CLONE_DETACHED | 0x7f)) == 0
                        && !has(flags, Sched.CLONE_SIGHAND | Sched.CLONE_CLEAR_SIGHAND);
        boolean signalled =
                exitSignal != 0 && (flags & (Sched.CLONE_THREAD | Sched.CLONE_PARENT)) != 0;
        boolean stacked =
                (stack == 0) == (stackSize == 0)
                        && stack >= 0
                        && stackSize >= 0
                        && stack + stackSize >= 0
                        && stack + stackSize <= end;
        if (!known || signalled || !stacked) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static boolean has(long flags, long all) {
        return (flags & all) == all;
    }
}
