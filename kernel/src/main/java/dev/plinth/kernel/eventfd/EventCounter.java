package dev.plinth.kernel.eventfd;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.EventCounterState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.WaitQueue;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;

/**
 * A number that is added to by writing and taken by reading: eventfd(2), fs/eventfd.c.
 *
 * <p>Lasting state: the number, whether it is a semaphore, and the flags of the description.
 *
 * <p>Any thread may call any method.
 */
public final class EventCounter extends FileDescription {
    /** {@code EFD_SEMAPHORE}. */
    public static final int SEMAPHORE = 1;

    /** {@code EFD_CLOEXEC}. */
    public static final int CLOSE_ON_EXEC = Fcntl.O_CLOEXEC;

    /** {@code EFD_NONBLOCK}. */
    public static final int NON_BLOCKING = Fcntl.O_NONBLOCK;

    /** The number that cannot be added: {@code ULLONG_MAX}. */
    private static final long FORBIDDEN = -1;

    /** The greatest number, unsigned. */
    private static final long GREATEST = -2;

    private final boolean semaphore;
    private final WaitQueue waiters = new WaitQueue();

    private final Object countLock = new Object();

    /** Unsigned. */
    @GuardedBy("countLock")
    private long count;

    /**
     * A counter with one reference, the caller's.
     *
     * @param location in a file system of such descriptors
     * @param flags {@code EFD_*}
     * @param count to begin with
     */
    public EventCounter(Location location, int flags, int count) {
        super(location, Fcntl.O_RDWR | (flags & Fcntl.O_NONBLOCK));
        this.semaphore = (flags & SEMAPHORE) != 0;
        this.count = Integer.toUnsignedLong(count);
    }

    /** For the restore; see {@link #restoring}. */
    private EventCounter(Location location, EventCounterState state) {
        super(location, state.getFile().getFlags());
        this.semaphore = state.getSemaphore();
        this.count = state.getCount();
    }

    /** Makes counters again that were saved. */
    public static void restoring(Restorers restorers) {
        restorers.add(KindCase.EVENT_COUNTER, EventCounter::restore);
    }

    private static EventCounter restore(ObjectState object, StateReader reader) {
        EventCounterState state = object.getEventCounter();
        EventCounter counter =
                new EventCounter(Location.restore(state.getFile().getLocation(), reader), state);
        counter.restoreOpenFile(state.getFile(), reader);
        return counter;
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setEventCounter(
                        EventCounterState.newBuilder()
                                .setFile(saveOpenFile(writer))
                                .setSemaphore(semaphore)
                                .setCount(count));
    }

    /** As Linux, takes the number even if it then cannot be stored. */
    @Override
    public long read(IoBuffer destination) {
        if (destination.remaining() < Long.BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long taken;
        synchronized (countLock) {
            if (count == 0) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
            taken = semaphore ? 1 : count;
            count -= taken;
        }
        waiters.wake(Poll.POLLOUT);
        return destination.copyFrom(MemorySegment.ofArray(new long[] {taken}));
    }

    @Override
    public long write(IoBuffer source) {
        if (source.remaining() != Long.BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long[] number = new long[1];
        if (source.copyInto(MemorySegment.ofArray(number)) != Long.BYTES) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        try {
            add(number[0]);
        } catch (ErrnoException e) {
            // The call may try again.
            source.rewind(Long.BYTES);
            throw e;
        }
        return Long.BYTES;
    }

    private void add(long added) {
        if (added == FORBIDDEN) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        synchronized (countLock) {
            if (Long.compareUnsigned(added, GREATEST - count) > 0) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
            count += added;
        }
        waiters.wake(Poll.POLLIN);
    }

    /** It has no positions, but asking for one is no error. */
    @Override
    public long seek(long offset, int whence) {
        return 0;
    }

    @Override
    public int ready(int events) {
        synchronized (countLock) {
            int ready = count != 0 ? Poll.POLLIN : 0;
            ready |= Long.compareUnsigned(count, GREATEST) < 0 ? Poll.POLLOUT : 0;
            return ready & events;
        }
    }

    @Override
    public void watch(int events, WaitSet set) {
        set.add(waiters, events);
    }
}
