package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.syscall.SyscallRow.supported;
import static dev.plinth.kernel.syscall.linux.TimeArguments.readTimespec;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.CrossProcessAccess;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.futex.FutexAddress;
import dev.plinth.kernel.futex.Futexes;
import dev.plinth.kernel.futex.WakeOperation;
import dev.plinth.kernel.strace.FutexFormats;
import dev.plinth.kernel.strace.StructFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.syscall.linux.FutexRestart.Kind;
import dev.plinth.kernel.syscall.linux.FutexRestart.Limit;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Blocker;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** Futexes; kernel/futex/syscalls.c. */
final class FutexSyscalls implements SyscallFamily {
    private static final int FUTEX_WAIT = 0;
    private static final int FUTEX_WAKE = 1;
    private static final int FUTEX_REQUEUE = 3;
    private static final int FUTEX_CMP_REQUEUE = 4;
    private static final int FUTEX_WAKE_OP = 5;
    private static final int FUTEX_LOCK_PI = 6;
    private static final int FUTEX_UNLOCK_PI = 7;
    private static final int FUTEX_TRYLOCK_PI = 8;
    private static final int FUTEX_WAIT_BITSET = 9;
    private static final int FUTEX_WAKE_BITSET = 10;
    private static final int FUTEX_WAIT_REQUEUE_PI = 11;
    private static final int FUTEX_CMP_REQUEUE_PI = 12;
    private static final int FUTEX_LOCK_PI2 = 13;
    private static final int FUTEX_PRIVATE_FLAG = 128;
    private static final int FUTEX_CLOCK_REALTIME = 256;

    private static final int FUTEX2_SIZE_MASK = 3;
    private static final int FUTEX2_SIZE_U32 = 2;
    private static final int FUTEX2_PRIVATE = 128;
    private static final int FUTEX_WAITV_MAX = 128;

    /** {@code struct futex_waitv}: u64 val, u64 uaddr, u32 flags, u32 reserved. */
    private static final int WAITV_BYTES = 24;

    private static final int WAITV_ADDRESS = 8;
    private static final int WAITV_FLAGS = 16;
    private static final int WAITV_RESERVED = 20;

    private static final int CLOCK_REALTIME = 0;
    private static final int CLOCK_MONOTONIC = 1;

    private static final long ROBUST_LIST_HEAD_BYTES = 24;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "futex",
                        FutexSyscalls::futex,
                        POINTER,
                        FutexFormats.OPERATION,
                        FutexFormats.VALUE,
                        FutexFormats.TIMEOUT_OR_COUNT,
                        FutexFormats.SECOND_ADDRESS,
                        FutexFormats.LAST),
                supported(
                        "futex_waitv",
                        FutexSyscalls::futexWaitv,
                        POINTER,
                        UNSIGNED,
                        POINTER,
                        StructFormats.TIMESPEC_IN,
                        INT),
                supported("set_robust_list", FutexSyscalls::setRobustList, POINTER, SIZE),
                supported(
                        "get_robust_list",
                        FutexSyscalls::getRobustList,
                        INT,
                        StructFormats.POINTER_OUT,
                        StructFormats.LONG_OUT));
    }

    private static long futex(Task task, SyscallArguments arguments) {
        int operation = arguments.intAt(1);
        int command = operation & ~(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
        boolean realtime = (operation & FUTEX_CLOCK_REALTIME) != 0;
        Limit limit = limit(task, arguments.longAt(3), command, realtime);
        if (realtime
                && command != FUTEX_WAIT_BITSET
                && command != FUTEX_WAIT_REQUEUE_PI
                && command != FUTEX_LOCK_PI2) {
            throw ErrnoException.of(Errno.ENOSYS);
        }
        return switch (command) {
            case FUTEX_WAIT ->
                    await(task, address(arguments), arguments.intAt(2), Futexes.ANY, limit);
            case FUTEX_WAIT_BITSET ->
                    await(task, address(arguments), arguments.intAt(2), arguments.intAt(5), limit);
            case FUTEX_WAKE -> wake(task, arguments, Futexes.ANY);
            case FUTEX_WAKE_BITSET -> wake(task, arguments, arguments.intAt(5));
            case FUTEX_REQUEUE -> requeue(task, arguments, OptionalInt.empty());
            case FUTEX_CMP_REQUEUE -> requeue(task, arguments, OptionalInt.of(arguments.intAt(5)));
            case FUTEX_WAKE_OP -> wakeOp(task, arguments);
            case FUTEX_LOCK_PI, FUTEX_LOCK_PI2 -> lockPi(task, address(arguments), limit);
            case FUTEX_TRYLOCK_PI -> {
                task.kernel().futexes().pi().tryLock(task.futexCaller(), address(arguments));
                yield 0;
            }
            case FUTEX_UNLOCK_PI -> {
                task.kernel().futexes().pi().unlock(task.futexCaller(), address(arguments));
                yield 0;
            }
            case FUTEX_WAIT_REQUEUE_PI -> awaitRequeuePi(task, arguments, limit);
            case FUTEX_CMP_REQUEUE_PI -> requeuePi(task, arguments);
            default -> throw ErrnoException.of(Errno.ENOSYS);
        };
    }

    private static FutexAddress address(SyscallArguments arguments) {
        return address(arguments, 0);
    }

    private static FutexAddress address(SyscallArguments arguments, int index) {
        boolean isPrivate = (arguments.intAt(1) & FUTEX_PRIVATE_FLAG) != 0;
        return new FutexAddress(arguments.longAt(index), !isPrivate);
    }

    /**
     * When a command that waits gives up.
     *
     * @param timeout address of a {@code struct timespec}; zero to wait for ever
     */
    private static Limit limit(Task task, long timeout, int command, boolean realtime) {
        boolean waits =
                switch (command) {
                    case FUTEX_WAIT,
                            FUTEX_WAIT_BITSET,
                            FUTEX_LOCK_PI,
                            FUTEX_LOCK_PI2,
                            FUTEX_WAIT_REQUEUE_PI ->
                            true;
                    default -> false;
                };
        if (!waits || timeout == 0) {
            return new Limit(Blocker.NO_DEADLINE, false);
        }
        long time = readTimespec(task, timeout);
        if (command == FUTEX_WAIT) {
            return new Limit(TimeArguments.deadlineAfter(task, time), false);
        }
        if (realtime || command == FUTEX_LOCK_PI) {
            return new Limit(time, true);
        }
        return new Limit(
                TimeArguments.deadlineAt(task, time, task.kernel().clock().monotonicNanos()),
                false);
    }

    private static long await(
            Task task, FutexAddress address, int expected, int bitset, Limit limit) {
        return FutexRestart.first(Kind.WAKE, address, bitset, expected, address, limit)
                .restart(task);
    }

    private static long wake(Task task, SyscallArguments arguments, int bitset) {
        return task.kernel()
                .futexes()
                .wake(task.memory(), address(arguments), arguments.intAt(2), bitset);
    }

    private static long requeue(Task task, SyscallArguments arguments, OptionalInt expected) {
        return task.kernel()
                .futexes()
                .requeue(
                        task.memory(),
                        address(arguments),
                        address(arguments, 4),
                        arguments.intAt(2),
                        arguments.intAt(3),
                        expected);
    }

    private static long wakeOp(Task task, SyscallArguments arguments) {
        return task.kernel()
                .futexes()
                .wakeOp(
                        task.memory(),
                        address(arguments),
                        address(arguments, 4),
                        arguments.intAt(2),
                        arguments.intAt(3),
                        WakeOperation.of(arguments.intAt(5)));
    }

    private static long lockPi(Task task, FutexAddress address, Limit limit) {
        return FutexRestart.first(Kind.OWNERSHIP, address, Futexes.ANY, 0, address, limit)
                .restart(task);
    }

    private static long awaitRequeuePi(Task task, SyscallArguments arguments, Limit limit) {
        if (arguments.longAt(0) == arguments.longAt(4)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return FutexRestart.first(
                        Kind.REQUEUE,
                        address(arguments),
                        Futexes.ANY,
                        arguments.intAt(2),
                        address(arguments, 4),
                        limit)
                .restart(task);
    }

    private static long requeuePi(Task task, SyscallArguments arguments) {
        int moveCount = arguments.intAt(3);
        if (moveCount < 0
                || arguments.intAt(2) != 1
                || arguments.longAt(0) == arguments.longAt(4)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return task.kernel()
                .futexes()
                .pi()
                .requeue(
                        task.memory(),
                        address(arguments),
                        address(arguments, 4),
                        moveCount,
                        arguments.intAt(5));
    }

    /** Implements futex_waitv(2). */
    private static long futexWaitv(Task task, SyscallArguments arguments) {
        int count = arguments.intAt(1);
        if (arguments.intAt(2) != 0
                || count <= 0
                || count > FUTEX_WAITV_MAX
                || arguments.longAt(0) == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long deadline = waitvDeadline(task, arguments.longAt(3), arguments.intAt(4));
        byte[] bytes = task.guestMemory().copyIn(arguments.longAt(0), count * WAITV_BYTES);
        MemorySegment array = MemorySegment.ofArray(bytes);
        List<Futexes.Waited> futexes = new ArrayList<>(count);
        for (int at = 0; at < bytes.length; at += WAITV_BYTES) {
            futexes.add(waited(array.asSlice(at, WAITV_BYTES)));
        }
        Futexes.AnyOutcome outcome =
                task.kernel().futexes().awaitAny(task.futexCaller(), futexes, deadline);
        return switch (outcome.outcome()) {
            case WOKEN -> outcome.index();
            case TIMED_OUT -> throw ErrnoException.of(Errno.ETIMEDOUT);
            case INTERRUPTED ->
                    throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
        };
    }

    private static long waitvDeadline(Task task, long timeout, int clock) {
        if (timeout == 0) {
            return Blocker.NO_DEADLINE;
        }
        if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long moment = readTimespec(task, timeout);
        Clock clocks = task.kernel().clock();
        return TimeArguments.deadlineAt(
                task,
                moment,
                clock == CLOCK_REALTIME ? clocks.realtimeNanos() : clocks.monotonicNanos());
    }

    private static Futexes.Waited waited(MemorySegment element) {
        int flags = element.get(ValueLayout.JAVA_INT_UNALIGNED, WAITV_FLAGS);
        if ((flags & ~(FUTEX2_SIZE_MASK | FUTEX2_PRIVATE)) != 0
                || (flags & FUTEX2_SIZE_MASK) != FUTEX2_SIZE_U32
                || element.get(ValueLayout.JAVA_INT_UNALIGNED, WAITV_RESERVED) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long value = element.get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        if (value >>> Integer.SIZE != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long address = element.get(ValueLayout.JAVA_LONG_UNALIGNED, WAITV_ADDRESS);
        return new Futexes.Waited(
                new FutexAddress(address, (flags & FUTEX2_PRIVATE) == 0), (int) value);
    }

    private static long setRobustList(Task task, SyscallArguments arguments) {
        if (arguments.longAt(1) != ROBUST_LIST_HEAD_BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        task.setRobustList(arguments.longAt(0));
        return 0;
    }

    private static long getRobustList(Task task, SyscallArguments arguments) {
        Task of = TaskNumbers.taskOrSelf(task, arguments.intAt(0));
        boolean allowed =
                of.group() == task.group()
                        || CrossProcessAccess.mayAttach(
                                task.credentials(),
                                of.credentials(),
                                of.group().settings().isDumpable());
        if (!allowed) {
            throw ErrnoException.of(Errno.EPERM);
        }
        task.guestMemory().writeLong(arguments.longAt(2), ROBUST_LIST_HEAD_BYTES);
        task.guestMemory().writeLong(arguments.longAt(1), of.robustList());
        return 0;
    }
}
