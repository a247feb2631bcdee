package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.WaitSet;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The one way in which a task blocks: until it is woken, a descriptor of the host is ready, or a
 * moment has come.
 *
 * <p>Without descriptors of the host the task's thread parks, which costs least. With some it
 * sleeps in ppoll(2) on them and on an eventfd of its own, which is made when it is first needed.
 * {@link #wake} may be called by any thread, everything else by the task thread. A wake that comes
 * while the task does not sleep is kept until it does.
 */
@NotSaved("a call that waits is made again, and waits anew")
final class TaskWait implements Blocker, AutoCloseable {
    private static final long SYS_READ = 0;
    private static final long SYS_WRITE = 1;
    private static final long SYS_PPOLL = 271;
    private static final long SYS_EVENTFD2 = 290;
    private static final long EFD_CLOEXEC_NONBLOCK = 0x80800;
    private static final int POLLIN = 1;

    /** {@code struct pollfd}: int fd, short events, short revents. */
    private static final int POLLFD_BYTES = 8;

    private static final int EVENTS = 4;
    private static final int REVENTS = 6;
    private static final long TIMESPEC_BYTES = 16;

    /** What a wake has to do. */
    private enum State {
        /** To leave a mark: the task does not sleep. */
        AWAKE,
        /** Nothing: the mark is there. */
        WOKEN,
        /** To unpark the thread. */
        PARKED,
        /** To write to the eventfd. */
        POLLING
    }

    private final Task task;
    private final HostKernel host;
    private final Clock clock;
    private final Thread thread = Thread.currentThread();

    /** Not a shared one: to close such a one the JVM stops every thread that there is. */
    private final Arena arena = Arena.ofAuto();

    private final MemorySegment timespec = arena.allocate(TIMESPEC_BYTES, Long.BYTES);
    private final MemorySegment counter = arena.allocate(Long.BYTES, Long.BYTES);
    private final MemorySegment one = arena.allocate(Long.BYTES, Long.BYTES);
    private final WakeWatch watch;
    private final AtomicReference<State> state = new AtomicReference<>(State.AWAKE);

    /** A leaf; held for a write that does not block. */
    private final Object wakeFdLock = new Object();

    /**
     * Made by the task thread before it first sleeps in ppoll(2). Whoever wakes the task may come
     * late, when the task has ended and the number may be another file's: hence the lock.
     */
    @GuardedBy("wakeFdLock")
    private Optional<HostFd> wakeFd = Optional.empty();

    /** For the calling thread. */
    TaskWait(Task task) {
        this.task = requireNonNull(task, "task is null");
        this.host = task.kernel().host();
        this.clock = task.kernel().clock();
        this.watch = new WakeWatch(task.kernel().processors());
        one.set(ValueLayout.JAVA_LONG, 0, 1);
    }

    @Override
    public void wake() {
        switch (state.getAndSet(State.WOKEN)) {
            case AWAKE, WOKEN -> {}
            case PARKED -> LockSupport.unpark(thread);
            case POLLING -> endPoll();
        }
    }

    private void endPoll() {
        synchronized (wakeFdLock) {
            if (wakeFd.isPresent()) {
                host.syscall(SYS_WRITE, wakeFd.get().number(), one.address(), Long.BYTES);
            }
        }
    }

    /** Whether the task sleeps. Any thread. */
    boolean isAsleep() {
        return state.get() == State.PARKED || state.get() == State.POLLING;
    }

    @Override
    public WaitSet newWaitSet() {
        return new WaitSet(this::wake);
    }

    @Override
    public Outcome await(WaitSet set, long deadline) {
        if (task.sleep().isInterruptedBefore(deadline)) {
            return Outcome.INTERRUPTED;
        }
        task.sleep().tellWorld();
        List<WaitSet.HostWait> hostWaits = set.hostWaits();
        long began = System.nanoTime();
        Outcome outcome = hostWaits.isEmpty() ? park(deadline) : poll(hostWaits, deadline);
        watch.waited(System.nanoTime() - began);
        return outcome;
    }

    private Outcome park(long deadline) {
        if (!state.compareAndSet(State.AWAKE, State.PARKED)) {
            return woken(deadline);
        }
        if (deadline == NO_DEADLINE) {
            watch.lookOut(this::isParked);
        }
        while (isParked()) {
            if (deadline == NO_DEADLINE) {
                LockSupport.park(this);
                continue;
            }
            long left = deadline - clock.monotonicNanos();
            if (left > 0) {
                LockSupport.parkNanos(this, left);
            } else if (state.compareAndSet(State.PARKED, State.AWAKE)) {
                return Outcome.TIMED_OUT;
            }
        }
        return woken(deadline);
    }

    private boolean isParked() {
        return state.get() == State.PARKED;
    }

    /** Takes the mark that a wake left. */
    private Outcome woken(long deadline) {
        state.set(State.AWAKE);
        return task.sleep().isInterruptedBefore(deadline) ? Outcome.INTERRUPTED : Outcome.READY;
    }

    private Outcome poll(List<WaitSet.HostWait> hostWaits, long deadline) {
        HostFd eventFd = eventFd();
        if (!state.compareAndSet(State.AWAKE, State.POLLING)) {
            return woken(deadline);
        }
        try (Arena call = Arena.ofConfined()) {
            MemorySegment pollFds =
                    call.allocate((1L + hostWaits.size()) * POLLFD_BYTES, Long.BYTES);
            setPollFd(pollFds, 0, eventFd, POLLIN);
            for (int i = 0; i < hostWaits.size(); i++) {
                setPollFd(pollFds, i + 1, hostWaits.get(i).fd(), hostWaits.get(i).events());
            }
            return sleep(pollFds, 1 + hostWaits.size(), deadline);
        } finally {
            state.set(State.AWAKE);
        }
    }

    private HostFd eventFd() {
        synchronized (wakeFdLock) {
            if (wakeFd.isEmpty()) {
                long fd = host.require("eventfd2", SYS_EVENTFD2, 0, EFD_CLOEXEC_NONBLOCK);
                wakeFd = Optional.of(new HostFd(host, (int) fd));
            }
            return wakeFd.get();
        }
    }

    private Outcome sleep(MemorySegment pollFds, int count, long deadline) {
        while (true) {
            long ready =
                    host.syscall(SYS_PPOLL, pollFds.address(), count, timeout(deadline), 0, 0, 0);
            if (ready == -Errno.EINTR.number()) {
                continue;
            }
            if (Errno.isError(ready)) {
                throw HostCallException.ofResult("ppoll", new long[] {count, deadline}, ready);
            }
            if (pollFds.get(ValueLayout.JAVA_SHORT, REVENTS) != 0) {
                long fd = eventFd().number();
                host.syscall(SYS_READ, fd, counter.address(), Long.BYTES);
            }
            if (task.sleep().isInterruptedBefore(deadline)) {
                return Outcome.INTERRUPTED;
            }
            return ready == 0 ? Outcome.TIMED_OUT : Outcome.READY;
        }
    }

    /** The address of the time that is left; zero for no limit. */
    private long timeout(long deadline) {
        if (deadline == NO_DEADLINE) {
            return 0;
        }
        long left = Math.max(0, deadline - clock.monotonicNanos());
        timespec.set(ValueLayout.JAVA_LONG, 0, left / Clock.NANOS_PER_SECOND);
        timespec.set(ValueLayout.JAVA_LONG, Long.BYTES, left % Clock.NANOS_PER_SECOND);
        return timespec.address();
    }

    private static void setPollFd(MemorySegment pollFds, int index, HostFd fd, int events) {
        long at = (long) index * POLLFD_BYTES;
        pollFds.set(ValueLayout.JAVA_INT, at, fd.number());
        pollFds.set(ValueLayout.JAVA_SHORT, at + EVENTS, (short) events);
        pollFds.set(ValueLayout.JAVA_SHORT, at + REVENTS, (short) 0);
    }

    @Override
    public void close() {
        synchronized (wakeFdLock) {
            wakeFd.ifPresent(HostFd::close);
            wakeFd = Optional.empty();
        }
    }
}
