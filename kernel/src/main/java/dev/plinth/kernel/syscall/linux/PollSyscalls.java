package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.strace.PollFormats.EXCEPTION_SET;
import static dev.plinth.kernel.strace.PollFormats.PACKED_SIGNAL_SET;
import static dev.plinth.kernel.strace.PollFormats.POLL_FDS;
import static dev.plinth.kernel.strace.PollFormats.READ_SET;
import static dev.plinth.kernel.strace.PollFormats.TIMESPEC;
import static dev.plinth.kernel.strace.PollFormats.TIMEVAL;
import static dev.plinth.kernel.strace.PollFormats.WRITE_SET;
import static dev.plinth.kernel.strace.SignalFormats.SET_IN;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.proto.PollRestartState;
import dev.plinth.kernel.state.proto.RestartState;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.RestartBlock;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntSupplier;

/** Waiting for files to become ready; fs/select.c. */
final class PollSyscalls implements SyscallFamily {
    /** {@code struct pollfd}: int fd, short events, short revents. */
    private static final int POLLFD_BYTES = 8;

    private static final int POLLFD_EVENTS = 4;
    private static final int POLLFD_REVENTS = 6;

    /** Of select(2), which events a set is about: {@code POLLIN_SET} and so on of fs/select.c. */
    private static final int READ_EVENTS =
            Poll.POLLRDNORM
                    | Poll.POLLRDBAND
                    | Poll.POLLIN
                    | Poll.POLLHUP
                    | Poll.POLLERR
                    | Poll.POLLNVAL;

    private static final int WRITE_EVENTS =
            Poll.POLLWRBAND | Poll.POLLWRNORM | Poll.POLLOUT | Poll.POLLERR | Poll.POLLNVAL;
    private static final int EXCEPTIONAL_EVENTS = Poll.POLLPRI | Poll.POLLNVAL;

    /** In place of a count: nothing was ready, and a signal is to be dealt with. */
    private static final int INTERRUPTED = -1;

    private static final ValueLayout.OfInt INT_VALUE = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("poll", PollSyscalls::poll, POLL_FDS, UNSIGNED, INT),
                supported("ppoll", PollSyscalls::ppoll, POLL_FDS, UNSIGNED, TIMESPEC, SET_IN, SIZE),
                supported(
                        "select",
                        PollSyscalls::select,
                        INT,
                        READ_SET,
                        WRITE_SET,
                        EXCEPTION_SET,
                        TIMEVAL),
                supported(
                        "pselect6",
                        PollSyscalls::pselect6,
                        INT,
                        READ_SET,
                        WRITE_SET,
                        EXCEPTION_SET,
                        TIMESPEC,
                        PACKED_SIGNAL_SET));
    }

    private static long poll(Task task, SyscallArguments arguments) {
        long deadline = PollTimeout.ofMillis(task, arguments.intAt(2)).deadline();
        return new PollRestart(arguments.longAt(0), arguments.intAt(1), deadline).restart(task);
    }

    /**
     * A poll(2) in progress: {@code do_restart_poll}.
     *
     * @param address of the {@code struct pollfd}s
     * @param count of them, unsigned
     * @param deadline on the monotonic clock; {@link Blocking#AT_ONCE}, or for ever
     */
    record PollRestart(long address, int count, long deadline) implements RestartBlock {
        @Override
        public long restart(Task task) {
            int found = pollFiles(task, address, count, deadline);
            if (found == INTERRUPTED) {
                throw task.call().restartWith(this);
            }
            return found;
        }

        @Override
        public RestartState save() {
            return RestartState.newBuilder()
                    .setPoll(
                            PollRestartState.newBuilder()
                                    .setAddress(address)
                                    .setCount(count)
                                    .setDeadlineNanos(deadline))
                    .build();
        }
    }

    private static long ppoll(Task task, SyscallArguments arguments) {
        PollTimeout timeout = PollTimeout.ofTimespec(task, arguments.longAt(2));
        setBlockedSignals(task, arguments.longAt(3), arguments.longAt(4));
        return finish(
                task,
                timeout,
                () -> pollFiles(task, arguments.longAt(0), arguments.intAt(1), timeout.deadline()));
    }

    private static long select(Task task, SyscallArguments arguments) {
        PollTimeout timeout = PollTimeout.ofTimeval(task, arguments.longAt(4));
        return finish(task, timeout, () -> selectFiles(task, arguments, timeout));
    }

    private static long pselect6(Task task, SyscallArguments arguments) {
        long packed = arguments.longAt(5);
        long mask = packed == 0 ? 0 : task.guestMemory().readLong(packed);
        long maskSize = packed == 0 ? 0 : task.guestMemory().readLong(packed + Long.BYTES);
        PollTimeout timeout = PollTimeout.ofTimespec(task, arguments.longAt(4));
        setBlockedSignals(task, mask, maskSize);
        return finish(task, timeout, () -> selectFiles(task, arguments, timeout));
    }

    /** {@code set_user_sigmask}: without a mask, its size is not looked at. */
    private static void setBlockedSignals(Task task, long address, long size) {
        if (address == 0) {
            return;
        }
        if (size != SignalSet.BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        task.signals().setBlockedTemporarily(task.guestMemory().readLong(address));
    }

    /**
     * Waits, and does what follows however that ends: the signal mask of before is restored unless
     * a signal is to be dealt with under the new one, and the program is told what time is left.
     */
    private static long finish(Task task, PollTimeout timeout, IntSupplier wait) {
        int count = 0;
        boolean restartable;
        try {
            count = wait.getAsInt();
        } finally {
            if (count != INTERRUPTED) {
                task.signals().restoreBlocked();
            }
            restartable = timeout.writeRemainder();
        }
        if (count != INTERRUPTED) {
            return count;
        }
        if (restartable) {
            throw RestartException.of(RestartException.Kind.UNLESS_HANDLED);
        }
        throw ErrnoException.of(Errno.EINTR);
    }

    /** {@code do_sys_poll}: how many files are ready, or {@link #INTERRUPTED}. */
    private static int pollFiles(Task task, long address, int count, long deadline) {
        long limit = task.group().limits().soft(ResourceLimits.RLIMIT_NOFILE);
        if (Integer.toUnsignedLong(count) > limit) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        byte[] bytes = task.guestMemory().copyIn(address, count * POLLFD_BYTES);
        MemorySegment pollFds = MemorySegment.ofArray(bytes);
        try (ReadinessWait wait = new ReadinessWait(task)) {
            for (int at = 0; at < bytes.length; at += POLLFD_BYTES) {
                int fd = pollFds.get(INT_VALUE, at);
                if (fd < 0) {
                    wait.addNothing();
                } else {
                    wait.add(fd, Short.toUnsignedInt(pollFds.get(SHORT, at + POLLFD_EVENTS)));
                }
            }
            int found = 0;
            long at = address + POLLFD_REVENTS;
            for (int ready : wait.await(deadline)) {
                task.guestMemory().writeShort(at, (short) ready);
                at += POLLFD_BYTES;
                found += ready == 0 ? 0 : 1;
            }
            return countOrInterrupted(task, found, deadline);
        }
    }

    private static int countOrInterrupted(Task task, int found, long deadline) {
        boolean interrupted =
                found == 0
                        && (task.sleep().isDisturbedByStop()
                                || task.sleep().isInterruptedBefore(deadline));
        return interrupted ? INTERRUPTED : found;
    }

    /** {@code core_sys_select}: how many bits are set at the end, or {@link #INTERRUPTED}. */
    private static int selectFiles(Task task, SyscallArguments arguments, PollTimeout timeout) {
        int limit = arguments.intAt(0);
        if (limit < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        // Linux looks no further than its table reaches, though the sets may be longer.
        int count = Math.min(limit, task.files().capacity());
        List<SelectSet> sets =
                List.of(
                        new SelectSet(task, arguments.longAt(1), count, READ_EVENTS),
                        new SelectSet(task, arguments.longAt(2), count, WRITE_EVENTS),
                        new SelectSet(task, arguments.longAt(3), count, EXCEPTIONAL_EVENTS));
        BitSet all = new BitSet();
        sets.forEach(set -> all.or(set.wanted));
        int[] ready;
        try (ReadinessWait wait = new ReadinessWait(task)) {
            all.stream().forEach(fd -> wait.addOpen(fd, eventsOf(sets, fd)));
            ready = wait.await(timeout.deadline());
        }
        int[] fds = all.stream().toArray();
        for (int i = 0; i < fds.length; i++) {
            for (SelectSet set : sets) {
                set.found(fds[i], ready[i]);
            }
        }
        int found = sets.stream().mapToInt(set -> set.result.cardinality()).sum();
        if (countOrInterrupted(task, found, timeout.deadline()) == INTERRUPTED) {
            return INTERRUPTED;
        }
        sets.forEach(SelectSet::copyOut);
        return found;
    }

    private static int eventsOf(List<SelectSet> sets, int fd) {
        return sets.stream()
                .filter(set -> set.wanted.get(fd))
                .mapToInt(set -> set.events)
                .reduce(0, (a, b) -> a | b);
    }

    /** One of the three sets of descriptors that select(2) takes: {@code fd_set}. */
    @NotSaved("of one system call")
    private static final class SelectSet {
        private final Task task;
        private final long address;
        private final int bytes;
        private final int events;
        private final BitSet wanted;
        private final BitSet result = new BitSet();

        /**
         * Copies a set in.
         *
         * @param address zero stands for the empty set
         * @param count the descriptors below this are looked at
         */
        SelectSet(Task task, long address, int count, int events) {
            this.task = task;
            this.address = address;
            this.bytes = (count + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
            this.events = events;
            this.wanted =
                    address == 0
                            ? new BitSet()
                            : BitSet.valueOf(task.guestMemory().copyIn(address, bytes));
            if (wanted.length() > count) {
                wanted.clear(count, wanted.length());
            }
        }

        /** Notes which events hold for a descriptor. */
        void found(int fd, int ready) {
            if (wanted.get(fd) && (ready & events) != 0) {
                result.set(fd);
            }
        }

        void copyOut() {
            if (address != 0) {
                task.guestMemory().copyOut(address, Arrays.copyOf(result.toByteArray(), bytes));
            }
        }
    }
}
