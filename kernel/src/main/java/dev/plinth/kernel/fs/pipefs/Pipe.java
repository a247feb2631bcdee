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
import dev.plinth.kernel.state.proto.PipePageState;
import dev.plinth.kernel.state.proto.PipeState;
import dev.plinth.kernel.vfs.WaitQueue;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Bytes on their way from those who write to those who read: {@code struct pipe_inode_info} of
 * fs/pipe.c, slot by slot, for programs see when a slot becomes free.
 *
 * <p>Lasting state: the pages in order, the number of slots, and how often each side was opened;
 * how many have it open follows from the descriptions.
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

    /** A ring; those that are not in use are null. */
    @GuardedBy("pipeLock")
    private PipePage[] slots;

    @GuardedBy("pipeLock")
    @NotSaved("the pages are saved in their order")
    private int first;

    @GuardedBy("pipeLock")
    private int used;

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
        this.slots = new PipePage[fileSystem.capacity().takeForNewPipe()];
    }

    /** For the restore. */
    private Pipe(PipeFs fileSystem, PipeState state) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.number = state.getNumber();
        this.readerOpens = state.getReaderOpens();
        this.writerOpens = state.getWriterOpens();
        fileSystem.capacity().takeAgain(state.getSlots());
        this.slots = new PipePage[state.getSlots()];
        for (PipePageState page : state.getPagesList()) {
            slots[used] = PipePage.restore(page);
            used++;
        }
    }

    static Pipe restore(ObjectState object, StateReader reader) {
        PipeState state = object.getPipe();
        return new Pipe(reader.get(state.getPipeFsRef(), PipeFs.class), state);
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        if (readableBytes() > SAVED_BYTES_MAX) {
            throw new SandboxException(
                    ErrorCode.STATE_UNSAVABLE,
                    "pipe %d holds more than %d MiB".formatted(number, SAVED_BYTES_MAX >> 20),
                    "have it read before the checkpoint");
        }
        PipeState.Builder state =
                PipeState.newBuilder()
                        .setPipeFsRef(writer.reference(fileSystem))
                        .setNumber(number)
                        .setSlots(slots.length)
                        .setReaderOpens(readerOpens)
                        .setWriterOpens(writerOpens);
        for (int i = 0; i < used; i++) {
            state.addPages(slotLocked(i).save());
        }
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
            fileSystem.capacity().release(slots.length);
            slots = new PipePage[0];
            used = 0;
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
            if (used == 0) {
                return endOrWaitLocked();
            }
            long plain = plainBytesLocked();
            Optional<PipePage> packet = firstPacketLocked();
            long limit = plain + packet.map(PipePage::length).orElse(0);
            count = destination.transfer(limit, this::drainLocked);
            if (count > plain) {
                packet.ifPresent(PipePage::skipAll);
            }
            dropEmptyLocked();
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

    /** How many bytes there are before the first packet. */
    @GuardedBy("pipeLock")
    private long plainBytesLocked() {
        long bytes = 0;
        for (int i = 0; i < used && !slotLocked(i).isPacket(); i++) {
            bytes += slotLocked(i).length();
        }
        return bytes;
    }

    @GuardedBy("pipeLock")
    private Optional<PipePage> firstPacketLocked() {
        for (int i = 0; i < used; i++) {
            if (slotLocked(i).isPacket()) {
                return Optional.of(slotLocked(i));
            }
        }
        return Optional.empty();
    }

    /** Called by {@code transfer} in this thread, which holds the lock. */
    @SuppressWarnings("GuardedBy")
    private long drainLocked(MemorySegment piece) {
        long done = 0;
        while (done < piece.byteSize()) {
            PipePage page = firstLocked();
            done += page.drain(piece, done);
            if (page.length() == 0 && done < piece.byteSize()) {
                dropFirstLocked();
            }
        }
        return done;
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
            count = mergeLocked(source);
            if (source.remaining() > 0 && (count > 0 || used < slots.length)) {
                count += addLocked(source, packets, count > 0);
            }
            if (count == 0) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
        }
        waiters.wake(READABLE);
        return count;
    }

    /** What does not fill a page goes behind the last bytes, if there is room for all of it. */
    @GuardedBy("pipeLock")
    private long mergeLocked(IoBuffer source) {
        long odd = source.remaining() % Pages.SIZE;
        if (odd == 0 || used == 0 || !slotLocked(used - 1).canTake(odd)) {
            return 0;
        }
        PipePage last = slotLocked(used - 1);
        return source.transfer(odd, piece -> last.fill(piece, 0));
    }

    /**
     * Fills slots that are free.
     *
     * @param late whether bytes were written before, so that an error is no longer reported
     */
    @GuardedBy("pipeLock")
    private long addLocked(IoBuffer source, boolean packets, boolean late) {
        long room = roomLocked();
        if (room == 0) {
            return 0;
        }
        try {
            return source.transfer(room, new Filler(packets));
        } catch (ErrnoException e) {
            if (late) {
                return 0;
            }
            throw e;
        }
    }

    /** Takes the pieces of a buffer into slots, while the lock is held. */
    @NotSaved("lives while a call is made")
    private final class Filler implements IoBuffer.Transfer {
        private final boolean packets;
        private PipePage page;

        Filler(boolean packets) {
            this.packets = packets;
        }

        @Override
        @SuppressWarnings("GuardedBy")
        public long apply(MemorySegment piece) {
            long done = 0;
            while (done < piece.byteSize()) {
                if (page == null || page.isFull()) {
                    page = PipePage.empty(packets);
                    pushLocked(page);
                }
                done += page.fill(piece, done);
            }
            return done;
        }
    }

    @GuardedBy("pipeLock")
    private PipePage slotLocked(int index) {
        return slots[(first + index) % slots.length];
    }

    @GuardedBy("pipeLock")
    private PipePage firstLocked() {
        return slots[first];
    }

    @GuardedBy("pipeLock")
    private void pushLocked(PipePage page) {
        slots[(first + used) % slots.length] = page;
        used++;
    }

    @GuardedBy("pipeLock")
    private void dropFirstLocked() {
        slots[first] = null;
        first = (first + 1) % slots.length;
        used--;
    }

    @GuardedBy("pipeLock")
    private void dropEmptyLocked() {
        while (used > 0 && firstLocked().length() == 0) {
            dropFirstLocked();
        }
    }

    /** How many bytes can be read: FIONREAD. */
    long readableBytes() {
        synchronized (pipeLock) {
            long bytes = 0;
            for (int i = 0; i < used; i++) {
                bytes += slotLocked(i).length();
            }
            return bytes;
        }
    }

    /** How many bytes it can hold: F_GETPIPE_SZ. */
    int capacityBytes() {
        synchronized (pipeLock) {
            return slots.length * Pages.SIZE;
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
            if (wanted > slots.length
                    && wanted * Pages.SIZE > PipeCapacity.MAX_UNPRIVILEGED_BYTES
                    && !privileged) {
                throw ErrnoException.of(Errno.EPERM);
            }
            if (wanted < used) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            fileSystem.capacity().change(slots.length, wanted, privileged);
            PipePage[] others = new PipePage[wanted];
            for (int i = 0; i < used; i++) {
                others[i] = slotLocked(i);
            }
            slots = others;
            first = 0;
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
                events |= used > 0 ? READABLE : 0;
                events |= writers == 0 && writersMissed != writerOpens ? Poll.POLLHUP : 0;
            }
            if (writes) {
                events |= used < slots.length ? WRITABLE : 0;
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
            if (used == slots.length) {
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
            if (used == 0) {
                endOrWaitLocked();
            }
            return used > 0;
        }
    }

    /** How many bytes the free slots have room for. */
    long room() {
        synchronized (pipeLock) {
            return roomLocked();
        }
    }

    @GuardedBy("pipeLock")
    private long roomLocked() {
        return (long) (slots.length - used) * Pages.SIZE;
    }

    /**
     * Fills free slots with what a transfer puts into their pages.
     *
     * @return how many bytes; 0 also if there is no free slot
     * @throws ErrnoException EPIPE if nobody reads any more; whatever the transfer throws, if
     *     nothing was moved
     */
    long fill(long limit, IoBuffer.Transfer transfer) {
        long done = 0;
        synchronized (pipeLock) {
            if (readers == 0) {
                throw ErrnoException.of(Errno.EPIPE);
            }
            while (done < limit && used < slots.length) {
                PipePage page = PipePage.toFill(Math.min(limit - done, Pages.SIZE));
                long count = move(page, page.length(), transfer, done > 0);
                int wanted = page.length();
                page.shortenTo(count);
                if (count > 0) {
                    pushLocked(page);
                }
                done += count;
                if (count < wanted) {
                    break;
                }
            }
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
        long done = 0;
        synchronized (pipeLock) {
            while (done < limit && used > 0) {
                PipePage page = firstLocked();
                long wanted = Math.min(limit - done, page.length());
                long count = move(page, wanted, transfer, done > 0);
                page.skip(count);
                dropEmptyLocked();
                done += count;
                if (count < wanted) {
                    break;
                }
            }
        }
        waiters.wake(WRITABLE);
        return done;
    }

    /**
     * Runs a transfer on the first bytes of a page of a pipe that is locked; late errors only end
     * the operation.
     */
    private static long move(PipePage page, long count, IoBuffer.Transfer transfer, boolean late) {
        try {
            return transfer.apply(page.bytes().asSlice(0, count));
        } catch (ErrnoException e) {
            if (late) {
                return 0;
            }
            throw e;
        }
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
                if (used == 0) {
                    endOrWaitLocked();
                }
                if (target.readers == 0) {
                    throw ErrnoException.of(Errno.EPIPE);
                }
                if (target.used == target.slots.length) {
                    throw ErrnoException.of(Errno.EAGAIN);
                }
                done = move ? moveToLocked(target, limit) : copyToLocked(target, limit);
            }
        }
        target.waiters.wake(READABLE);
        if (move) {
            waiters.wake(WRITABLE);
        }
        return done;
    }

    @SuppressWarnings("GuardedBy") // Both locks are held.
    private long moveToLocked(Pipe target, long limit) {
        long done = 0;
        while (done < limit && used > 0 && target.used < target.slots.length) {
            PipePage page = firstLocked();
            if (page.length() <= limit - done) {
                dropFirstLocked();
            } else {
                PipePage part = page.share(limit - done);
                page.skip(part.length());
                page = part;
            }
            target.pushLocked(page);
            done += page.length();
        }
        return done;
    }

    @SuppressWarnings("GuardedBy") // Both locks are held.
    private long copyToLocked(Pipe target, long limit) {
        long done = 0;
        for (int i = 0; i < used && done < limit && target.used < target.slots.length; i++) {
            PipePage part = slotLocked(i).share(limit - done);
            target.pushLocked(part);
            done += part.length();
        }
        return done;
    }
}
