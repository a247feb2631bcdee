package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.SystemFormats.LIMIT_IN;
import static dev.plinth.kernel.strace.SystemFormats.LIMIT_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.CrossProcessAccess;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Task;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/** The resource limits of processes: getrlimit(2), and {@code do_prlimit} of kernel/sys.c. */
final class LimitSyscalls implements SyscallFamily {
    /** {@code /proc/sys/fs/nr_open}. */
    private static final long MAX_DESCRIPTORS = 1 << 20;

    /** {@code sizeof(struct rlimit64)}. */
    private static final int LIMIT_BYTES = 2 * Long.BYTES;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private static final ArgumentFormat RESOURCE =
            NameFormat.ofList(
                            "RLIMIT_CPU",
                            "RLIMIT_FSIZE",
                            "RLIMIT_DATA",
                            "RLIMIT_STACK",
                            "RLIMIT_CORE",
                            "RLIMIT_RSS",
                            "RLIMIT_NPROC",
                            "RLIMIT_NOFILE",
                            "RLIMIT_MEMLOCK",
                            "RLIMIT_AS",
                            "RLIMIT_LOCKS",
                            "RLIMIT_SIGPENDING",
                            "RLIMIT_MSGQUEUE",
                            "RLIMIT_NICE",
                            "RLIMIT_RTPRIO",
                            "RLIMIT_RTTIME")
                    .family("RLIMIT_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("getrlimit", LimitSyscalls::getrlimit, RESOURCE, LIMIT_OUT),
                supported("setrlimit", LimitSyscalls::setrlimit, RESOURCE, LIMIT_IN),
                supported(
                        "prlimit64", LimitSyscalls::prlimit64, INT, RESOURCE, LIMIT_IN, LIMIT_OUT));
    }

    private static long getrlimit(Task task, SyscallArguments arguments) {
        ResourceLimits.Limit limit =
                exchange(task, task.group().limits(), arguments.intAt(0), Optional.empty());
        writeLimit(task, arguments.longAt(1), limit);
        return 0;
    }

    private static long setrlimit(Task task, SyscallArguments arguments) {
        ResourceLimits.Limit limit = readLimit(task, arguments.longAt(1));
        exchange(task, task.group().limits(), arguments.intAt(0), Optional.of(limit));
        return 0;
    }

    private static long prlimit64(Task task, SyscallArguments arguments) {
        long newAddress = arguments.longAt(2);
        long oldAddress = arguments.longAt(3);
        Optional<ResourceLimits.Limit> wanted =
                newAddress == 0 ? Optional.empty() : Optional.of(readLimit(task, newAddress));
        Task target = target(task, arguments.intAt(0));
        if (target != task
                && !CrossProcessAccess.mayLimit(task.credentials(), target.credentials())) {
            throw ErrnoException.of(Errno.EPERM);
        }
        ResourceLimits.Limit before =
                exchange(task, target.group().limits(), arguments.intAt(1), wanted);
        if (oldAddress != 0) {
            writeLimit(task, oldAddress, before);
        }
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

    /** Replaces a limit, if a new one is given, and returns the old one. */
    private static ResourceLimits.Limit exchange(
            Task caller,
            ResourceLimits limits,
            int resource,
            Optional<ResourceLimits.Limit> replacement) {
        if (resource < 0 || resource >= ResourceLimits.COUNT) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (replacement.isEmpty()) {
            return limits.get(resource);
        }
        ResourceLimits.Limit limit = replacement.get();
        if (Long.compareUnsigned(limit.soft(), limit.hard()) > 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (resource == ResourceLimits.RLIMIT_NOFILE
                && Long.compareUnsigned(limit.hard(), MAX_DESCRIPTORS) > 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return limits.exchange(resource, limit, caller.credentials().has(Capability.SYS_RESOURCE));
    }

    private static ResourceLimits.Limit readLimit(Task task, long address) {
        MemorySegment bytes =
                MemorySegment.ofArray(task.guestMemory().copyIn(address, LIMIT_BYTES));
        return new ResourceLimits.Limit(bytes.get(LONG, 0), bytes.get(LONG, Long.BYTES));
    }

    private static void writeLimit(Task task, long address, ResourceLimits.Limit limit) {
        byte[] bytes = new byte[LIMIT_BYTES];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        segment.set(LONG, 0, limit.soft());
        segment.set(LONG, Long.BYTES, limit.hard());
        task.guestMemory().copyOut(address, bytes);
    }
}
