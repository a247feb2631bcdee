package dev.plinth.kernel.fs.pseudofs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.PseudoFileDescriptionState;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.FsContext;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A file of text that is made when it is read from the start, and stays the same for reads further
 * on, as {@code seq_file} does it.
 */
@NotSaved("made again by its name")
public final class PseudoFile extends Inode {
    /** More is not taken in one call; see {@code proc_sys_call_handler}. */
    private static final int MAX_WRITE = 4096;

    private final PseudoFs fileSystem;
    private final Supplier<Ownership> owner;
    private final PseudoContent content;

    /**
     * A file.
     *
     * @param owner whose it is, and who may read it
     * @param content what it shows
     */
    public PseudoFile(PseudoFs fileSystem, Supplier<Ownership> owner, PseudoContent content) {
        super(fileSystem, fileSystem.nextNumber(), FileType.REGULAR);
        this.fileSystem = fileSystem;
        this.owner = requireNonNull(owner, "owner is null");
        this.content = requireNonNull(content, "content is null");
    }

    /** Opens files again that were open. */
    public static void restoring(Restorers restorers) {
        restorers.add(KindCase.PSEUDO_FILE_DESCRIPTION, OpenFile::restore);
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
        return owner.get();
    }

    @Override
    public FileDescription open(Location location, int flags, Caller caller) {
        content.checkOpen(caller, (flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY);
        return new OpenFile(location, flags, content, caller);
    }

    /** Nothing here has a size; opening with O_TRUNC is no error (fs/proc/inode.c). */
    @Override
    public void truncate(long size) {}

    private static final class OpenFile extends SeekableDescription {
        private final PseudoContent content;

        /** Set before anybody has the file. */
        private Caller opener;

        private final Object textLock = new Object();

        /** Empty until it is read. */
        @GuardedBy("textLock")
        private Optional<byte[]> text = Optional.empty();

        OpenFile(Location location, int flags, PseudoContent content, Caller opener) {
            this(location, flags, content);
            this.opener = opener;
        }

        /** For the restore, which says later who opened it. */
        private OpenFile(Location location, int flags, PseudoContent content) {
            super(location, flags);
            this.content = content;
        }

        static OpenFile restore(ObjectState object, StateReader reader) {
            PseudoFileDescriptionState state = object.getPseudoFileDescription();
            Location location = Location.restore(state.getFile().getLocation(), reader);
            if (!(location.inode() instanceof PseudoFile pseudo)) {
                throw StateReader.corrupt("a file of text is none");
            }
            OpenFile file = new OpenFile(location, state.getFile().getFlags(), pseudo.content);
            file.restoreOpenFile(state.getFile(), reader);
            file.restore(state, reader);
            return file;
        }

        private void restore(PseudoFileDescriptionState state, StateReader reader) {
            synchronized (textLock) {
                text =
                        state.hasText()
                                ? Optional.of(state.getText().toByteArray())
                                : Optional.empty();
            }
            Credentials credentials = Credentials.restore(state.getCredentials());
            // It stands in the tree, which is being made.
            reader.later(() ->
                    opener =
                            new Caller(
                                    reader.get(state.getFsContextRef(), FsContext.class),
                                    credentials,
                                    state.getProcessId(),
                                    state.getThreadId()));
        }

        @Override
        @SuppressWarnings("GuardedBy") // The world is stopped.
        public ObjectState.Builder saveState(StateWriter writer) {
            PseudoFileDescriptionState.Builder state =
                    PseudoFileDescriptionState.newBuilder()
                            .setFile(saveOpenFile(writer))
                            .setFsContextRef(writer.reference(opener.fs()))
                            .setCredentials(opener.credentials().save())
                            .setProcessId(opener.processId())
                            .setThreadId(opener.threadId());
            text.ifPresent(known -> state.setText(ByteString.copyFrom(known)));
            return ObjectState.newBuilder().setPseudoFileDescription(state);
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public long readAt(IoBuffer destination, long offset) {
            byte[] all = text(offset == 0);
            if (offset >= all.length) {
                return 0;
            }
            return destination.copyFrom(
                    MemorySegment.ofArray(all).asSlice(offset, all.length - offset));
        }

        private byte[] text(boolean anew) {
            synchronized (textLock) {
                if (anew || text.isEmpty()) {
                    text = Optional.of(content.read());
                }
                return text.get();
            }
        }

        @Override
        public long overwrite(IoBuffer source, long offset) {
            if (source.remaining() > MAX_WRITE) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            byte[] bytes = new byte[(int) source.remaining()];
            long count = source.copyInto(MemorySegment.ofArray(bytes));
            content.write(bytes, opener);
            return count;
        }

        @Override
        public long append(IoBuffer source) {
            return overwrite(source, 0);
        }
    }
}
