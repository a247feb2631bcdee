package dev.plinth.kernel.fs.procfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.NamedEntries;
import dev.plinth.kernel.fs.pseudofs.PseudoContent;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.CheckpointDescriptionState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.WaitQueue;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * /proc/plinth/checkpoint: by this a program asks for a checkpoint of its sandbox, and learns on
 * which side of it it is.
 *
 * <p>It writes {@code checkpoint}, or {@code checkpoint NAME} with a name for the image, which may
 * have letters, digits, dots, dashes and underscores. The call returns when the image is there, and
 * fails with EOPNOTSUPP if whoever made the sandbox takes no images that programs ask for, EINVAL
 * if it is none of those words, EEXIST if there is an image of that name, EBUSY while another one
 * is written, EIO if it cannot be written. In each sandbox that is restored from the image the call
 * returns, too.
 *
 * <p>It reads two lines: {@code original}, or {@code restored N} after N restores; then an id that
 * no other sandbox has. Whoever may be restored several times reads it after the write, and where
 * it is another one than before has its generators of random numbers begin anew and gives itself
 * another name. Random numbers of the kernel are fresh in any case.
 */
@NotSaved("made again by its name")
final class CheckpointInode extends Inode {
    private static final Ownership OWNER = new Ownership(0666, 0, 0);

    /** More than any request has. */
    private static final int MAX_REQUEST = 128;

    private static final Pattern REQUEST =
            Pattern.compile("checkpoint(?: ([A-Za-z0-9_-][A-Za-z0-9._-]{0,63}))?");

    private final ProcFs fileSystem;
    private final CheckpointControl control;

    CheckpointInode(ProcFs fileSystem, CheckpointControl control) {
        super(fileSystem, fileSystem.nextNumber(), FileType.REGULAR);
        this.fileSystem = fileSystem;
        this.control = control;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, 1);
    }

    @Override
    public Ownership ownership() {
        return OWNER;
    }

    @Override
    public FileDescription open(Location location, int flags, Caller caller) {
        return new OpenFile(location, flags, this);
    }

    @Override
    public void truncate(long size) {}

    /** Opens such files again that were open. */
    static void restoring(Restorers restorers) {
        restorers.add(KindCase.CHECKPOINT_DESCRIPTION, OpenFile::restore);
    }

    private byte[] text() {
        int restores = control.restores();
        String side = restores == 0 ? "original" : "restored " + restores;
        return (side + "\n" + control.instanceId() + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** What has become of what was asked for by a file. */
    private enum Progress {
        /** Nothing was asked for, or the answer was taken. */
        NONE,
        ASKED,
        ANSWERED
    }

    private static final class OpenFile extends SeekableDescription {
        private final CheckpointInode inode;

        @NotSaved("a call that waits is made again, and waits anew")
        private final WaitQueue answers = new WaitQueue();

        private final Object progressLock = new Object();

        @GuardedBy("progressLock")
        private Progress progress = Progress.NONE;

        /** What name the image was to have that was asked for, if any was said. */
        @GuardedBy("progressLock")
        private Optional<String> name = Optional.empty();

        /** Why there is no image; empty if there is one. */
        @GuardedBy("progressLock")
        private Optional<Errno> failure = Optional.empty();

        OpenFile(Location location, int flags, CheckpointInode inode) {
            super(location, flags);
            this.inode = inode;
        }

        static OpenFile restore(ObjectState object, StateReader reader) {
            CheckpointDescriptionState state = object.getCheckpointDescription();
            Location location = Location.restore(state.getFile().getLocation(), reader);
            if (!(location.inode() instanceof CheckpointInode inode)) {
                throw StateReader.corrupt("what asks for checkpoints is another file");
            }
            OpenFile file = new OpenFile(location, state.getFile().getFlags(), inode);
            file.restoreOpenFile(state.getFile(), reader);
            if (state.getAsked()) {
                file.restoreAnswer(state);
            }
            return file;
        }

        private void restoreAnswer(CheckpointDescriptionState state) {
            Optional<String> asked =
                    state.hasName() ? Optional.of(state.getName()) : Optional.empty();
            Optional<Errno> error = Optional.empty();
            if (state.getFailure() != 0) {
                error = Errno.of(state.getFailure());
                if (error.isEmpty()) {
                    throw StateReader.corrupt("a checkpoint failed with no errno");
                }
            }
            synchronized (progressLock) {
                progress = Progress.ANSWERED;
                name = asked;
                failure = error;
            }
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            CheckpointDescriptionState.Builder state =
                    CheckpointDescriptionState.newBuilder().setFile(saveOpenFile(writer));
            synchronized (progressLock) {
                if (progress != Progress.NONE) {
                    state.setAsked(true);
                    name.ifPresent(state::setName);
                    failure.ifPresent(error -> state.setFailure(error.number()));
                }
            }
            return ObjectState.newBuilder().setCheckpointDescription(state);
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public long readAt(IoBuffer destination, long offset) {
            byte[] text = inode.text();
            if (offset >= text.length) {
                return 0;
            }
            return destination.copyFrom(
                    MemorySegment.ofArray(text).asSlice(offset, text.length - offset));
        }

        /** The world is stopped while the call waits: it is made again, and finds the answer. */
        @Override
        public long overwrite(IoBuffer source, long offset) {
            Optional<String> wanted = nameIn(source);
            synchronized (progressLock) {
                if (progress == Progress.ASKED) {
                    throw ErrnoException.of(Errno.EAGAIN);
                }
                if (progress == Progress.ANSWERED && name.equals(wanted)) {
                    return takeAnswerLocked(source);
                }
                // An answer that nobody took is not what this asks for.
                progress = Progress.ASKED;
                name = wanted;
                failure = Optional.empty();
            }
            boolean begun = false;
            try {
                inode.control.request(wanted, this::answer);
                begun = true;
            } finally {
                if (!begun) {
                    synchronized (progressLock) {
                        progress = Progress.NONE;
                    }
                }
            }
            throw ErrnoException.of(Errno.EAGAIN);
        }

        @GuardedBy("progressLock")
        private long takeAnswerLocked(IoBuffer source) {
            progress = Progress.NONE;
            if (failure.isPresent()) {
                throw ErrnoException.of(failure.get());
            }
            return source.discard();
        }

        /** The call that asks may come again: what it has to say is left for it to say. */
        private static Optional<String> nameIn(IoBuffer source) {
            long length = source.remaining();
            if (length > MAX_REQUEST) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            byte[] bytes = new byte[(int) length];
            long count = source.copyInto(MemorySegment.ofArray(bytes));
            source.rewind(count);
            if (count < length) {
                throw ErrnoException.of(Errno.EFAULT);
            }
            Matcher request = REQUEST.matcher(PseudoContent.line(bytes));
            if (!request.matches()) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            return Optional.ofNullable(request.group(1));
        }

        private void answer(Optional<Errno> error) {
            synchronized (progressLock) {
                progress = Progress.ANSWERED;
                failure = error;
            }
            answers.wake(Poll.POLLOUT);
        }

        @Override
        public long append(IoBuffer source) {
            return overwrite(source, 0);
        }

        @Override
        public int ready(int events) {
            synchronized (progressLock) {
                boolean writable = progress != Progress.ASKED;
                return (Poll.POLLIN | (writable ? Poll.POLLOUT : 0)) & events;
            }
        }

        @Override
        public void watch(int events, WaitSet set) {
            set.add(answers, events);
        }
    }
}
