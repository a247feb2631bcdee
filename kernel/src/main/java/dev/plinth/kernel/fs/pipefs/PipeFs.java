package dev.plinth.kernel.fs.pipefs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.PipeEndState;
import dev.plinth.kernel.state.proto.PipeFsState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.util.HashMap;
import java.util.Map;

/**
 * The pipes of a sandbox: those of pipe(2), and those behind the FIFOs of whatever file system.
 *
 * <p>Lasting state: which file system the pipes are in.
 *
 * <p>Any thread may call any method.
 */
public final class PipeFs implements Stateful {
    /** What a description keeps of the flags of pipe2(2). */
    private static final int KEPT_FLAGS = Fcntl.O_NONBLOCK | Fcntl.O_DIRECT;

    private final AnonymousFs fileSystem;
    private final InodeNumbers numbers;
    private final Clock clock;

    @NotSaved("follows from the pipes")
    private final PipeCapacity capacity = new PipeCapacity();

    private final Object fifosLock = new Object();

    /** The FIFOs that someone has open. One that nobody has open is empty. */
    @GuardedBy("fifosLock")
    @NotSaved("follows from the ends that are open")
    private final Map<Inode, Fifo> fifos = new HashMap<>();

    /** A pipe behind a name. */
    @NotSaved("follows from the ends that are open")
    private static final class Fifo {
        private final Pipe pipe;
        private int users;

        Fifo(Pipe pipe) {
            this.pipe = pipe;
        }
    }

    /**
     * No pipes yet.
     *
     * @param numbers gives numbers to the file system and to pipes
     */
    public PipeFs(InodeNumbers numbers, Clock clock) {
        this(new AnonymousFs("pipefs", Fs.PIPEFS_MAGIC, numbers), numbers, clock);
    }

    private PipeFs(AnonymousFs fileSystem, InodeNumbers numbers, Clock clock) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.numbers = requireNonNull(numbers, "numbers is null");
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * Makes pipes again that were saved, with what makes new ones.
     *
     * @param clock of the sandbox that they are made in
     */
    public static void restoring(Restorers restorers, Clock clock) {
        restorers.add(
                KindCase.PIPE_FS,
                (state, reader) ->
                        new PipeFs(
                                reader.get(state.getPipeFs().getFileSystemRef(), AnonymousFs.class),
                                InodeNumbers.of(reader),
                                clock));
        restorers.add(KindCase.PIPE, Pipe::restore);
        restorers.add(KindCase.PIPE_INODE, PipeInode::restore);
        restorers.add(KindCase.PIPE_END, PipeFs::restoreEnd);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setPipeFs(PipeFsState.newBuilder().setFileSystemRef(writer.reference(fileSystem)));
    }

    private static PipeDescription restoreEnd(ObjectState object, StateReader reader) {
        PipeEndState state = object.getPipeEnd();
        Location location = Location.restore(state.getFile().getLocation(), reader);
        Pipe pipe = reader.get(state.getPipeRef(), Pipe.class);
        PipeDescription end =
                new PipeDescription(
                        location,
                        state.getFile().getFlags(),
                        pipe,
                        PipeDescription.Opening.restore(state),
                        pipe.fileSystem().rejoin(location.inode(), pipe));
        pipe.openAgain(end.isReadable(), end.isWritable());
        end.restoreOpenFile(state.getFile(), reader);
        return end;
    }

    /** One more end of a pipe was saved; returns what to do when it is closed. */
    private Runnable rejoin(Inode inode, Pipe pipe) {
        if (inode instanceof PipeInode unnamed) {
            if (!unnamed.pipe().equals(pipe)) {
                throw StateReader.corrupt("a pipe has an end of another one");
            }
            return () -> {};
        }
        synchronized (fifosLock) {
            Fifo fifo = fifos.computeIfAbsent(inode, key -> new Fifo(pipe));
            if (inode.type() != FileType.FIFO
                    || inode.number() != pipe.number()
                    || !fifo.pipe.equals(pipe)) {
                throw StateReader.corrupt("a pipe is at a name that is not its own");
            }
            fifo.users++;
        }
        return () -> leave(inode);
    }

    /** How much there may be of all pipes. */
    PipeCapacity capacity() {
        return capacity;
    }

    /**
     * Both ends of a pipe, each with one reference, the caller's.
     *
     * @param reading the end to read from
     * @param writing the end to write to
     */
    public record Ends(FileDescription reading, FileDescription writing) {}

    /**
     * Makes a pipe, as pipe2(2).
     *
     * @param flags O_NONBLOCK and O_DIRECT count
     * @throws ErrnoException ENFILE if there are too many pipes
     */
    public Ends newPipe(int flags, Credentials maker) {
        long number = numbers.next();
        Pipe pipe = new Pipe(this, number);
        PipeInode inode = new PipeInode(fileSystem, number, pipe, maker, clock.realtime());
        Location location = inode.place("pipe");
        int kept = flags & KEPT_FLAGS;
        return new Ends(
                // Only what is written can be in packets.
                openPipe(location, (kept & ~Fcntl.O_DIRECT) | Fcntl.O_RDONLY, pipe),
                openPipe(location, kept | Fcntl.O_WRONLY, pipe));
    }

    private static FileDescription openPipe(Location location, int flags, Pipe pipe) {
        int mode = flags & Fcntl.O_ACCMODE;
        Pipe.Opens opens = pipe.open(mode != Fcntl.O_WRONLY, mode != Fcntl.O_RDONLY, false);
        return new PipeDescription(
                location, flags, pipe, PipeDescription.Opening.done(opens), () -> {});
    }

    /**
     * Opens a FIFO, or by way of /proc/[pid]/fd a pipe; as {@code fifo_open} does.
     *
     * @return a description that may be waiting for the other side, see {@link
     *     FileDescription#isOpening}
     * @throws ErrnoException ENXIO if nobody reads and the caller does not want to wait; ENFILE if
     *     there are too many pipes
     */
    public FileDescription open(Location location, int flags, Caller caller) {
        return location.inode() instanceof PipeInode inode
                ? openPipe(location, flags, inode.pipe())
                : openFifo(location, flags);
    }

    private FileDescription openFifo(Location location, int flags) {
        int mode = flags & Fcntl.O_ACCMODE;
        boolean waits = (flags & Fcntl.O_NONBLOCK) == 0;
        Inode inode = location.inode();
        Pipe pipe = join(inode);
        Pipe.Opens opens;
        try {
            opens = pipe.open(mode != Fcntl.O_WRONLY, mode != Fcntl.O_RDONLY, !waits);
        } catch (ErrnoException e) {
            leave(inode);
            throw e;
        }
        boolean withoutWriter = !opens.hasWriters();
        PipeDescription.Opening opening =
                new PipeDescription.Opening(
                        opens, waits && !opens.hasReaders(), waits && withoutWriter, withoutWriter);
        return new PipeDescription(location, flags, pipe, opening, () -> leave(inode));
    }

    private Pipe join(Inode inode) {
        synchronized (fifosLock) {
            Fifo fifo = fifos.get(inode);
            if (fifo == null) {
                fifo = new Fifo(new Pipe(this, inode.number()));
                fifos.put(inode, fifo);
            }
            fifo.users++;
            return fifo.pipe;
        }
    }

    private void leave(Inode inode) {
        synchronized (fifosLock) {
            Fifo fifo = fifos.get(inode);
            fifo.users--;
            if (fifo.users == 0) {
                fifos.remove(inode);
                fifo.pipe.discard();
            }
        }
    }
}
