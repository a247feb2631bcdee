package dev.plinth.kernel.fs.pipefs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fd.linux.Ioctls;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.PipeEndState;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.UserMemory;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;
import java.util.function.ToLongFunction;

/**
 * An open end of a pipe, or both of them (a FIFO that was opened with O_RDWR).
 *
 * <p>Lasting state: the flags, which pipe it is, and what {@link Opening} says.
 */
public final class PipeDescription extends FileDescription {
    /** In place of a count: others were faster, and it is to be tried again. */
    public static final long MISSED = -1;

    private final Pipe pipe;

    @NotSaved("follows from where it was opened")
    private final Runnable release;

    /** What is to happen before open(2) returns. */
    private final Opening opening;

    /**
     * How it was opened.
     *
     * @param opens how things stood then, with this description
     * @param awaitsReader whether open(2) waits until someone has opened it for reading
     * @param awaitsWriter whether open(2) waits until someone has opened it for writing
     * @param withoutWriter whether it was opened for reading without waiting for someone who
     *     writes, so that there is no hang-up before someone did
     */
    record Opening(
            Pipe.Opens opens, boolean awaitsReader, boolean awaitsWriter, boolean withoutWriter) {
        /** An end of a pipe that has both. */
        static Opening done(Pipe.Opens opens) {
            return new Opening(opens, false, false, false);
        }

        /** As far as it matters when open(2) has returned. */
        static Opening restore(PipeEndState state) {
            Pipe.Opens opens = new Pipe.Opens(0, state.getWriterOpensThen(), false, false);
            return new Opening(opens, false, false, state.getWithoutWriter());
        }
    }

    /**
     * An open end, which is counted in the pipe already.
     *
     * @param release run when the last reference is gone
     */
    PipeDescription(Location location, int flags, Pipe pipe, Opening opening, Runnable release) {
        super(location, flags);
        this.pipe = requireNonNull(pipe, "pipe is null");
        this.opening = requireNonNull(opening, "opening is null");
        this.release = requireNonNull(release, "release is null");
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setPipeEnd(
                        PipeEndState.newBuilder()
                                .setFile(saveOpenFile(writer))
                                .setPipeRef(writer.reference(pipe))
                                .setWithoutWriter(opening.withoutWriter())
                                .setWriterOpensThen(opening.opens().writerOpens()));
    }

    /** What the bytes go through. */
    Pipe pipe() {
        return pipe;
    }

    @Override
    public boolean isOpening() {
        Pipe.Opens now = pipe.opens();
        return (opening.awaitsReader && now.readerOpens() == opening.opens.readerOpens())
                || (opening.awaitsWriter && now.writerOpens() == opening.opens.writerOpens());
    }

    @Override
    protected void dispose() {
        pipe.close(isReadable(), isWritable());
        release.run();
    }

    @Override
    public long read(IoBuffer destination) {
        return pipe.read(destination);
    }

    @Override
    public long write(IoBuffer source) {
        return pipe.write(source, writesPackets());
    }

    private boolean writesPackets() {
        return (flags() & Fcntl.O_DIRECT) != 0;
    }

    @Override
    public int ready(int events) {
        int writersMissed = opening.withoutWriter ? opening.opens.writerOpens() : -1;
        return pipe.ready(isReadable(), isWritable(), writersMissed)
                & (events | Poll.POLLERR | Poll.POLLHUP);
    }

    @Override
    public void watch(int events, WaitSet set) {
        pipe.watch(events, set);
    }

    @Override
    public long ioctl(int request, long argument, UserMemory memory) {
        if (request != Ioctls.FIONREAD) {
            return super.ioctl(request, argument, memory);
        }
        int[] count = {(int) pipe.readableBytes()};
        memory.copyOut(argument, MemorySegment.ofArray(count));
        return 0;
    }

    /** How many bytes the pipe can hold: F_GETPIPE_SZ. */
    public int capacity() {
        return pipe.capacityBytes();
    }

    /**
     * Changes how many bytes the pipe can hold: F_SETPIPE_SZ.
     *
     * @param privileged whether the limits for users do not bind the caller: CAP_SYS_RESOURCE
     * @return how many it can hold now
     * @throws ErrnoException EBUSY if what it holds would not fit; EINVAL, EPERM, ENOMEM if it
     *     would be too much
     */
    public int setCapacity(int bytes, boolean privileged) {
        return pipe.setCapacity(bytes, privileged);
    }

    @Override
    public void allocate(int mode, long offset, long length) {
        throw ErrnoException.of(Errno.ESPIPE);
    }

    /**
     * Refuses if nothing can be written now.
     *
     * @throws ErrnoException EAGAIN if it is full; EPIPE if nobody reads any more
     */
    public void requireRoom() {
        pipe.requireRoom();
    }

    /**
     * Refuses if there is nothing to read, but may be some time.
     *
     * @return whether there is something to read; if not there will never be
     * @throws ErrnoException EAGAIN
     */
    public boolean requireBytes() {
        return pipe.requireBytes();
    }

    /**
     * Reads another file into the pipe.
     *
     * @param limit how many bytes at most
     * @param reader reads the other file into a buffer
     * @return how many bytes were read, or {@link #MISSED}
     * @throws ErrnoException whatever the reader throws; EPIPE if nobody reads the pipe
     */
    public long fillFrom(long limit, ToLongFunction<IoBuffer> reader) {
        return splice(SplicedBuffer.toFill(pipe, limit), reader);
    }

    /**
     * Writes bytes of the pipe to another file.
     *
     * @param limit how many bytes at most
     * @param writer writes a buffer to the other file
     * @return how many bytes were written, or {@link #MISSED}
     * @throws ErrnoException whatever the writer throws
     */
    public long drainTo(long limit, ToLongFunction<IoBuffer> writer) {
        return splice(SplicedBuffer.toDrain(pipe, limit), writer);
    }

    private static long splice(SplicedBuffer buffer, ToLongFunction<IoBuffer> operation) {
        if (buffer.remaining() == 0) {
            return MISSED;
        }
        long count = operation.applyAsLong(buffer);
        return buffer.missed() ? MISSED : count;
    }

    /**
     * Moves bytes to another pipe, as splice(2).
     *
     * @return how many; 0 if nobody writes to this pipe any more
     * @throws ErrnoException EAGAIN if this one is empty or the other one full; EPIPE if nobody
     *     reads the other one; EINVAL if it is the same pipe
     */
    public long moveTo(PipeDescription target, long limit) {
        requireOther(target);
        return pipe.moveTo(target.pipe, limit);
    }

    /** Shows another pipe the same bytes, as tee(2); see {@link #moveTo}. */
    public long copyTo(PipeDescription target, long limit) {
        requireOther(target);
        return pipe.copyTo(target.pipe, limit);
    }

    @SuppressWarnings("ReferenceEquality") // There is one object for each pipe.
    private void requireOther(PipeDescription target) {
        if (pipe == target.pipe) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}
