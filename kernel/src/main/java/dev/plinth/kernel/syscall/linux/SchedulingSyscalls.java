package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.strace.StructFormats.INT_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.StructFormats;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Scheduling;
import dev.plinth.kernel.task.Task;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/** When and where a task runs: kept and shown; kernel/sched/syscalls.c. */
final class SchedulingSyscalls implements SyscallFamily {
    private static final int SCHED_RESET_ON_FORK = 0x4000_0000;
    private static final long SCHED_FLAG_RESET_ON_FORK = 1;
    private static final int MAX_PRIORITY = 99;
    private static final long RR_NANOS = 100_000_000;

    /** {@code struct sched_attr}: size, policy, flags, nice, priority, and more. */
    private static final int ATTR_BYTES = 56;

    private static final int ATTR_LEAST_BYTES = 48;
    private static final int ATTR_POLICY = 4;
    private static final int ATTR_FLAGS = 8;
    private static final int ATTR_NICE = 16;
    private static final int ATTR_PRIORITY = 20;
    private static final int PAGE = 4096;

    private static final String KEPT = "kept and shown; the host's scheduler decides";

    private static final ValueLayout.OfInt INT_VALUE = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private static final ArgumentFormat POLICY =
            NameFormat.ofList("SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH")
                    .with(Scheduling.SCHED_IDLE, "SCHED_IDLE")
                    .with(Scheduling.SCHED_DEADLINE, "SCHED_DEADLINE")
                    .with(Scheduling.SCHED_EXT, "SCHED_EXT")
                    .family("SCHED_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("sched_yield", SchedulingSyscalls::schedYield),
                partial(
                        "sched_setaffinity",
                        KEPT,
                        SchedulingSyscalls::schedSetaffinity,
                        INT,
                        SIZE,
                        POINTER),
                supported(
                        "sched_getaffinity",
                        SchedulingSyscalls::schedGetaffinity,
                        INT,
                        SIZE,
                        SystemFormats.PROCESSORS_OUT),
                partial(
                        "sched_setscheduler",
                        KEPT,
                        SchedulingSyscalls::schedSetscheduler,
                        INT,
                        POLICY,
                        POINTER),
                supported("sched_getscheduler", SchedulingSyscalls::schedGetscheduler, INT),
                partial("sched_setparam", KEPT, SchedulingSyscalls::schedSetparam, INT, POINTER),
                supported("sched_getparam", SchedulingSyscalls::schedGetparam, INT, INT_OUT),
                partial(
                        "sched_setattr",
                        KEPT + "; no deadlines",
                        SchedulingSyscalls::schedSetattr,
                        INT,
                        POINTER,
                        UNSIGNED),
                supported(
                        "sched_getattr",
                        SchedulingSyscalls::schedGetattr,
                        INT,
                        POINTER,
                        UNSIGNED,
                        UNSIGNED),
                supported("sched_get_priority_max", SchedulingSyscalls::greatestPriority, POLICY),
                supported("sched_get_priority_min", SchedulingSyscalls::leastPriority, POLICY),
                supported(
                        "sched_rr_get_interval",
                        SchedulingSyscalls::schedRrGetInterval,
                        INT,
                        StructFormats.TIMESPEC_OUT),
                partial(
                        "getcpu",
                        "the first that the task may run on",
                        SchedulingSyscalls::getcpu,
                        INT_OUT,
                        INT_OUT,
                        POINTER));
    }

    @SuppressWarnings("ThreadPriorityCheck") // What the program asks for, to the letter.
    private static long schedYield(Task task, SyscallArguments arguments) {
        Thread.yield();
        return 0;
    }

    /** The task that a number names; zero is the caller. */
    static Task target(Task task, int tid) {
        if (tid < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return TaskNumbers.taskOrSelf(task, tid);
    }

    /** Whether a task may change how another one is scheduled; {@code check_same_owner}. */
    static boolean mayChange(Task task, Task target) {
        Credentials own = task.credentials();
        int owner = own.uids().effective();
        return owner == target.credentials().uids().effective()
                || owner == target.credentials().uids().real()
                || own.has(Capability.SYS_NICE);
    }

    private static void requireMayChange(Task task, Task target) {
        if (!mayChange(task, target)) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    private static long schedSetaffinity(Task task, SyscallArguments arguments) {
        long length = Integer.toUnsignedLong(arguments.intAt(1));
        byte[] set = new byte[Long.BYTES];
        byte[] given =
                task.guestMemory().copyIn(arguments.longAt(2), (int) Math.min(length, Long.BYTES));
        System.arraycopy(given, 0, set, 0, given.length);
        int tid = arguments.intAt(0);
        // Unlike its kin: a number that makes no sense names nobody.
        if (tid < 0) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        Task target = target(task, tid);
        requireMayChange(task, target);
        long processors =
                MemorySegment.ofArray(set).get(LONG, 0)
                        & Scheduling.allOf(task.kernel().processors());
        if (processors == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        target.changeScheduling(before -> before.withProcessors(processors));
        return 0;
    }

    private static long schedGetaffinity(Task task, SyscallArguments arguments) {
        long size = Integer.toUnsignedLong(arguments.intAt(1));
        if (size < Long.BYTES || size % Long.BYTES != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int tid = arguments.intAt(0);
        if (tid < 0) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        long processors = target(task, tid).scheduling().processors();
        task.guestMemory().writeLong(arguments.longAt(2), processors);
        return Long.BYTES;
    }

    private static long schedSetscheduler(Task task, SyscallArguments arguments) {
        int policy = arguments.intAt(1);
        if (policy < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return setPolicy(task, arguments.intAt(0), Optional.of(policy), arguments.longAt(2));
    }

    private static long schedSetparam(Task task, SyscallArguments arguments) {
        return setPolicy(task, arguments.intAt(0), Optional.empty(), arguments.longAt(1));
    }

    /** {@code do_sched_setscheduler}; without a policy that of before stays. */
    private static long setPolicy(Task task, int tid, Optional<Integer> policy, long address) {
        if (address == 0 || tid < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int priority = task.guestMemory().readInt(address);
        Task target = target(task, tid);
        Scheduling before = target.scheduling();
        boolean reset =
                policy.map(value -> (value & SCHED_RESET_ON_FORK) != 0)
                        .orElse(before.resetOnFork());
        int newPolicy = policy.map(value -> value & ~SCHED_RESET_ON_FORK).orElse(before.policy());
        change(task, target, newPolicy, priority, before.nice(), reset);
        return 0;
    }

    /** {@code __sched_setscheduler}. */
    private static void change(
            Task task, Task target, int policy, int priority, int nice, boolean reset) {
        switch (policy) {
            case Scheduling.SCHED_NORMAL,
                    Scheduling.SCHED_BATCH,
                    Scheduling.SCHED_IDLE,
                    Scheduling.SCHED_FIFO,
                    Scheduling.SCHED_RR -> {}
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        boolean realTime = Scheduling.isRealTime(policy);
        if (priority < 0 || priority > MAX_PRIORITY || realTime == (priority == 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Scheduling before = target.scheduling();
        if (!task.credentials().has(Capability.SYS_NICE)) {
            long limit = target.group().limits().soft(ResourceLimits.RLIMIT_RTPRIO);
            boolean raises =
                    realTime
                            && ((policy != before.policy() && limit == 0)
                                    || (priority > before.priority() && priority > limit));
            boolean nicer = !realTime && nice < before.nice() && !mayBeNice(target, nice);
            if (raises || nicer || (before.resetOnFork() && !reset)) {
                throw ErrnoException.of(Errno.EPERM);
            }
        }
        requireMayChange(task, target);
        target.changeScheduling(old -> old.withPolicy(policy, priority, reset).withNice(nice));
    }

    /** Whether the limit of a task lets it have a nice value; {@code is_nice_reduction}. */
    static boolean mayBeNice(Task target, int nice) {
        return 20 - nice <= target.group().limits().soft(ResourceLimits.RLIMIT_NICE);
    }

    private static long schedGetscheduler(Task task, SyscallArguments arguments) {
        Scheduling scheduling = target(task, arguments.intAt(0)).scheduling();
        return scheduling.policy() | (scheduling.resetOnFork() ? SCHED_RESET_ON_FORK : 0);
    }

    private static long schedGetparam(Task task, SyscallArguments arguments) {
        if (arguments.longAt(1) == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Scheduling scheduling = target(task, arguments.intAt(0)).scheduling();
        task.guestMemory().writeInt(arguments.longAt(1), scheduling.priority());
        return 0;
    }

    private static long schedSetattr(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(1);
        if (address == 0 || arguments.intAt(0) < 0 || arguments.intAt(2) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int size = task.guestMemory().readInt(address);
        int bytes = size == 0 ? ATTR_LEAST_BYTES : size;
        if (bytes < ATTR_LEAST_BYTES || bytes > PAGE) {
            task.guestMemory().writeInt(address, ATTR_BYTES);
            throw ErrnoException.of(Errno.E2BIG);
        }
        byte[] given = task.guestMemory().copyIn(address, bytes);
        for (int i = ATTR_BYTES; i < bytes; i++) {
            if (given[i] != 0) {
                task.guestMemory().writeInt(address, ATTR_BYTES);
                throw ErrnoException.of(Errno.E2BIG);
            }
        }
        MemorySegment attr = MemorySegment.ofArray(given);
        long flags = attr.get(LONG, ATTR_FLAGS);
        Task target = target(task, arguments.intAt(0));
        if ((flags & ~SCHED_FLAG_RESET_ON_FORK) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int policy = attr.get(INT_VALUE, ATTR_POLICY);
        int nice = Math.clamp(attr.get(INT_VALUE, ATTR_NICE), -20, 19);
        change(
                task,
                target,
                policy,
                attr.get(INT_VALUE, ATTR_PRIORITY),
                Scheduling.isRealTime(policy) ? target.scheduling().nice() : nice,
                flags != 0);
        return 0;
    }

    private static long schedGetattr(Task task, SyscallArguments arguments) {
        int size = arguments.intAt(2);
        if (arguments.longAt(1) == 0
                || arguments.intAt(0) < 0
                || size < ATTR_LEAST_BYTES
                || size > PAGE
                || arguments.intAt(3) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Scheduling scheduling = target(task, arguments.intAt(0)).scheduling();
        byte[] bytes = new byte[Math.min(size, ATTR_BYTES)];
        MemorySegment attr = MemorySegment.ofArray(bytes);
        attr.set(INT_VALUE, 0, bytes.length);
        attr.set(INT_VALUE, ATTR_POLICY, scheduling.policy());
        attr.set(LONG, ATTR_FLAGS, scheduling.resetOnFork() ? SCHED_FLAG_RESET_ON_FORK : 0);
        boolean realTime = Scheduling.isRealTime(scheduling.policy());
        attr.set(INT_VALUE, ATTR_NICE, realTime ? 0 : scheduling.nice());
        attr.set(INT_VALUE, ATTR_PRIORITY, scheduling.priority());
        task.guestMemory().copyOut(arguments.longAt(1), bytes);
        return 0;
    }

    private static long greatestPriority(Task task, SyscallArguments arguments) {
        return priorityOf(arguments.intAt(0), MAX_PRIORITY);
    }

    private static long leastPriority(Task task, SyscallArguments arguments) {
        return priorityOf(arguments.intAt(0), 1);
    }

    private static int priorityOf(int policy, int ofRealTime) {
        return switch (policy) {
            case Scheduling.SCHED_FIFO, Scheduling.SCHED_RR -> ofRealTime;
            case Scheduling.SCHED_NORMAL,
                    Scheduling.SCHED_BATCH,
                    Scheduling.SCHED_IDLE,
                    Scheduling.SCHED_DEADLINE,
                    Scheduling.SCHED_EXT ->
                    0;
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    private static long schedRrGetInterval(Task task, SyscallArguments arguments) {
        Scheduling scheduling = target(task, arguments.intAt(0)).scheduling();
        boolean takesTurns = scheduling.policy() == Scheduling.SCHED_RR;
        TimeArguments.writeTimespec(task, arguments.longAt(1), takesTurns ? RR_NANOS : 0);
        return 0;
    }

    private static long getcpu(Task task, SyscallArguments arguments) {
        if (arguments.longAt(0) != 0) {
            int first = Long.numberOfTrailingZeros(task.scheduling().processors());
            task.guestMemory().writeInt(arguments.longAt(0), first);
        }
        if (arguments.longAt(1) != 0) {
            task.guestMemory().writeInt(arguments.longAt(1), 0);
        }
        return 0;
    }
}
