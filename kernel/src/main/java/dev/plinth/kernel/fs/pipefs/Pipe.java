package dev.plinth.kernel.fs.pipefs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.PipeState;
import dev.plinth.kernel.vfs.WaitQueue;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

/**
 * Bytes on their way from those who write to those who read: {@code struct pipe_inode_info} of
 * fs/pipe.c. What is in it is in a {@link PageRing}; who has it open, what that lets others do, and
 * what they wait for, is here.
 *
 * <p>Lasting state: what is in it, and how often each side was opened; how many have it open
 * follows from the descriptions.
 *
 * <p>Any thread may call any method. The pipe lock is held while bytes are copied; two pipes are
 * locked in the order of their numbers (splice(2)).
 */
final class Pipe implements Stateful {
    /** More than this in one pipe is not saved: it could not be read in one message. */
    private static final long SAVED_BYTES_MAX = 48L << 20;

    private static final int READABLE = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int WRITABLE = Poll.POLLOUT | Poll.POLLWRNORM;

    private final PipeFs fileSystem;
    private final long number;
    private final WaitQueue waiters = new WaitQueue();

    private final Object pipeLock = new Object();

    @GuardedBy("pipeLock")
    private final PageRing pages;

    @GuardedBy("pipeLock")
    @NotSaved("follows from the ends that are open")
    private int readers;

    @GuardedBy("pipeLock")
    @NotSaved("follows from the ends that are open")
    private int writers;

    /** How often it was opened for reading and for writing, ever: {@code r_counter}. */
    @GuardedBy("pipeLock")
    private int readerOpens;

    @GuardedBy("pipeLock")
    private int writerOpens;

    /**
     * An empty pipe that nobody has open.
     *
     * @param number tells pipes apart: the inode's
     * @throws ErrnoException ENFILE if there are too many pipes
     */
    Pipe(PipeFs fileSystem, long number) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.number = number;
        this.pages = new PageRing(fileSystem.capacity().takeForNewPipe());
    }

    /** For the restore. */
    private Pipe(PipeFs fileSystem, PipeState state) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.number = state.getNumber();
        this.readerOpens = state.getReaderOpens();
        this.writerOpens = state.getWriterOpens();
        fileSystem.capacity().takeAgain(state.getSlots());
        this.pages = PageRing.restore(state);
    }

    static Pipe restore(ObjectState object, StateReader reader) {
        PipeState state = object.getPipe();
        return new Pipe(reader.get(state.getPipeFsRef(), PipeFs.class), state);
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        if (pages.bytes() > SAVED_BYTES_MAX) {
            throw new SandboxException(
                    ErrorCode.STATE_UNSAVABLE,
                    "pipe %d holds more than %d MiB".formatted(number, SAVED_BYTES_MAX >> 20),
                    "have it read before the checkpoint");
        }
        PipeState.Builder state =
                PipeState.newBuilder()
                        .setPipeFsRef(writer.reference(fileSystem))
                        .setNumber(number)
                        .setReaderOpens(readerOpens)
                        .setWriterOpens(writerOpens);
        pages.save(state);
        return ObjectState.newBuilder().setPipe(state);
    }

    /** What makes pipes. */
    PipeFs fileSystem() {
        return fileSystem;
    }

    /** Tells pipes apart. */
    long number() {
        return number;
    }

    /** An end was saved that has the pipe open. */
    void openAgain(boolean reads, boolean writes) {
        synchronized (pipeLock) {
            readers += reads ? 1 : 0;
            writers += writes ? 1 : 0;
        }
    }

    /** Nobody has the pipe open any more, and nobody can open it. */
    void discard() {
        synchronized (pipeLock) {
            fileSystem.capacity().release(pages.slots());
            pages.discard();
        }
    }

    /**
     * How things stand at some moment.
     *
     * @param readerOpens how often it was opened for reading, ever
     * @param writerOpens how often it was opened for writing, ever
     * @param hasReaders whether someone has it open for reading
     * @param hasWriters whether someone has it open for writing
     */
    record Opens(int readerOpens, int writerOpens, boolean hasReaders, boolean hasWriters) {}

    /**
     * One more description has the pipe open.
     *
     * @param needsReader whether that is refused if nobody would read
     * @return how things stand now
     * @throws ErrnoException ENXIO if nobody would read
     */
    Opens open(boolean reads, boolean writes, boolean needsReader) {
        Opens opens;
        synchronized (pipeLock) {
            if (needsReader && !reads && readers == 0) {
                throw ErrnoException.of(Errno.ENXIO);
            }
            if (reads) {
                readers++;
                readerOpens++;
            }
            if (writes) {
                writers++;
                writerOpens++;
            }
            opens = opensLocked();
        }
        waiters.wake(READABLE | WRITABLE);
        return opens;
    }

    /** How things stand. */
    Opens opens() {
        synchronized (pipeLock) {
            return opensLocked();
        }
    }

    @GuardedBy("pipeLock")
    private Opens opensLocked() {
        return new Opens(readerOpens, writerOpens, readers > 0, writers > 0);
    }

    /** A description is gone. */
    void close(boolean reads, boolean writes) {
        int events = 0;
        synchronized (pipeLock) {
            if (reads) {
                readers--;
                events |= readers == 0 ? WRITABLE | Poll.POLLERR : 0;
            }
            if (writes) {
                writers--;
                events |= writers == 0 ? READABLE | Poll.POLLHUP : 0;
            }
        }
        waiters.wake(events);
    }

    /**
     * Reads what there is, up to the end of the first packet; what is not read of that is lost.
     *
     * @return how many bytes; 0 if nobody writes any more
     * @throws ErrnoException EAGAIN if there is nothing yet; whatever the buffer throws
     */
    long read(IoBuffer destination) {
        if (destination.remaining() == 0) {
            return 0;
        }
        long count;
        synchronized (pipeLock) {
            if (pages.isEmpty()) {
                return endOrWaitLocked();
            }
            count = pages.read(destination);
        }
        waiters.wake(WRITABLE);
        return count;
    }

    @GuardedBy("pipeLock")
    private long endOrWaitLocked() {
        if (writers > 0) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        return 0;
    }

    /**
     * Writes what fits; up to {@code PIPE_BUF} bytes are written all or not at all.
     *
     * @param packets whether what is written stays together (O_DIRECT)
     * @throws ErrnoException EAGAIN if nothing fits yet; EPIPE if nobody reads any more; whatever
     *     the buffer throws
     */
    long write(IoBuffer source, boolean packets) {
        if (source.remaining() == 0) {
            return 0;
        }
        long count;
        synchronized (pipeLock) {
            if (readers == 0) {
                throw ErrnoException.of(Errno.EPIPE);
            }
            count = pages.write(source, packets);
            if (count == 0) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
        }
        waiters.wake(READABLE);
        return count;
    }

    /** How many bytes can be read: FIONREAD. */
    long readableBytes() {
        synchronized (pipeLock) {
            return pages.bytes();
        }
    }

    /** How many bytes it can hold: F_GETPIPE_SZ. */
    int capacityBytes() {
        synchronized (pipeLock) {
            return pages.slots() * Pages.SIZE;
        }
    }

    /**
     * Changes how many bytes it can hold: F_SETPIPE_SZ.
     *
     * @param privileged whether the limits for users do not bind the caller
     * @return how many bytes it can hold now
     * @throws ErrnoException EBUSY if what it holds would not fit; EINVAL, EPERM, ENOMEM if it
     *     would be too much
     */
    int setCapacity(int bytes, boolean privileged) {
        if (bytes < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int wanted = PipeCapacity.pagesFor(bytes);
        synchronized (pipeLock) {
            if (wanted > pages.slots()
                    && wanted * Pages.SIZE > PipeCapacity.MAX_UNPRIVILEGED_BYTES
                    && !privileged) {
                throw ErrnoException.of(Errno.EPERM);
            }
            if (wanted < pages.used()) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            fileSystem.capacity().change(pages.slots(), wanted, privileged);
            pages.resize(wanted);
        }
        waiters.wake(WRITABLE);
        return wanted * Pages.SIZE;
    }

    /**
     * Which events hold, {@code pipe_poll}.
     *
     * @param writersMissed how often it had been opened for writing when the asking description was
     *     opened without waiting: as long as it is no more, there is no hang-up
     */
    int ready(boolean reads, boolean writes, int writersMissed) {
        int events = 0;
        synchronized (pipeLock) {
            if (reads) {
                events |= !pages.isEmpty() ? READABLE : 0;
                events |= writers == 0 && writersMissed != writerOpens ? Poll.POLLHUP : 0;
            }
            if (writes) {
                events |= !pages.isFull() ? WRITABLE : 0;
                events |= readers == 0 ? Poll.POLLERR : 0;
            }
        }
        return events;
    }

    /** Has a set woken when an event may hold. */
    void watch(int events, WaitSet set) {
        set.add(waiters, events);
    }

    /**
     * Refuses if nothing can be written now.
     *
     * @throws ErrnoException EAGAIN if it is full; EPIPE if nobody reads any more
     */
    void requireRoom() {
        synchronized (pipeLock) {
            if (readers == 0) {
                throw ErrnoException.of(Errno.EPIPE);
            }
            if (pages.isFull()) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
        }
    }

    /**
     * Refuses if there is nothing to read, but may be some time.
     *
     * @return whether there is something to read; if not there will never be
     * @throws ErrnoException EAGAIN
     */
    boolean requireBytes() {
        synchronized (pipeLock) {
            if (pages.isEmpty()) {
                endOrWaitLocked();
            }
            return !pages.isEmpty();
        }
    }

    /** How many bytes the free slots have room for. */
    long room() {
        synchronized (pipeLock) {
            return pages.room();
        }
    }

    /**
     * Fills free slots with what a transfer puts into their pages.
     *
     * @return how many bytes; 0 also if there is no free slot
     * @throws ErrnoException EPIPE if nobody reads any more; whatever the transfer throws, if
     *     nothing was moved
     */
    long fill(long limit, IoBuffer.Transfer transfer) {
        long done;
        synchronized (pipeLock) {
            if (readers == 0) {
                throw ErrnoException.of(Errno.EPIPE);
            }
            done = pages.fill(limit, transfer);
        }
        waiters.wake(READABLE);
        return done;
    }

    /**
     * Hands the bytes that are there to a transfer, and gives up those that it takes.
     *
     * @return how many bytes; 0 also if there are none
     * @throws ErrnoException whatever the transfer throws, if nothing was moved
     */
    long drain(long limit, IoBuffer.Transfer transfer) {
        long done;
        synchronized (pipeLock) {
            done = pages.drain(limit, transfer);
        }
        waiters.wake(WRITABLE);
        return done;
    }

    /**
     * Moves bytes to another pipe, without copying whole pages; {@code splice_pipe_to_pipe}.
     *
     * @return how many; 0 if nobody writes to this pipe any more
     * @throws ErrnoException EAGAIN if this one is empty or the other one full; EPIPE if nobody
     *     reads the other one
     */
    long moveTo(Pipe target, long limit) {
        return handOver(target, limit, true);
    }

    /**
     * Shows another pipe the same bytes, and keeps them; {@code link_pipe}. See {@link #moveTo}.
     */
    long copyTo(Pipe target, long limit) {
        return handOver(target, limit, false);
    }

    @SuppressWarnings("GuardedBy") // Both locks are held, in the order of the numbers.
    private long handOver(Pipe target, long limit, boolean move) {
        Pipe lower = number < target.number ? this : target;
        Pipe higher = lower == this ? target : this;
        long done;
        synchronized (lower.pipeLock) {
            synchronized (higher.pipeLock) {
                if (pages.isEmpty()) {
                    endOrWaitLocked();
                }
                if (target.readers == 0) {
                    throw ErrnoException.of(Errno.EPIPE);
                }
                if (target.pages.isFull()) {
                    throw ErrnoException.of(Errno.EAGAIN);
                }
                done = move ? pages.moveTo(target.pages, limit) : pages.copyTo(target.pages, limit);
            }
        }
        target.waiters.wake(READABLE);
        if (move) {
            waiters.wake(WRITABLE);
        }
        return done;
    }
}
