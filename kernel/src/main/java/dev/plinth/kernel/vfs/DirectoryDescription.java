package dev.plinth.kernel.vfs;

import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.Portions;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.DirectoryDescriptionState;
import dev.plinth.kernel.state.proto.DirectoryEntriesState;
import dev.plinth.kernel.state.proto.DirectoryEntryState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.vfs.linux.Fs;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;

/**
 * An open directory.
 *
 * <p>The entries are those that the directory had when reading began at position 0, as POSIX
 * allows, so that a program that removes what it reads misses nothing.
 */
final class DirectoryDescription extends FileDescription {
    /** Where {@code DT_*} stands in a mode. */
    private static final int TYPE_SHIFT = 12;

    /** About what an entry takes of the heap: an image may name one message of them many times. */
    private static final int ENTRY_BYTES = 128;

    private final Directory directory;

    private final Object positionLock = new Object();

    /** Guarded by positionLock. */
    private long position;

    /** Guarded by positionLock; empty until reading begins, for {@code .} is always there. */
    private List<DirectoryEntry> entries = List.of();

    DirectoryDescription(Location location, int flags, Directory directory) {
        super(location, flags);
        this.directory = directory;
    }

    /** Makes open directories again that were saved. */
    static void restoring(Restorers restorers) {
        restorers.add(KindCase.DIRECTORY_DESCRIPTION, DirectoryDescription::restore);
    }

    private static DirectoryDescription restore(ObjectState object, StateReader reader) {
        DirectoryDescriptionState state = object.getDirectoryDescription();
        Location location = Location.restore(state.getFile().getLocation(), reader);
        if (!(location.inode() instanceof Directory directory)) {
            throw StateReader.corrupt("an open directory is none");
        }
        DirectoryDescription file =
                new DirectoryDescription(location, state.getFile().getFlags(), directory);
        file.restoreOpenFile(state.getFile(), reader);
        file.restoreEntries(state, reader);
        return file;
    }

    private void restoreEntries(DirectoryDescriptionState state, StateReader reader) {
        List<DirectoryEntry> all = new ArrayList<>();
        addTo(all, state.getEntriesList(), reader);
        for (int reference : state.getEntriesRefsList()) {
            addTo(all, reader.state(reference).getDirectoryEntries().getEntriesList(), reader);
        }
        synchronized (positionLock) {
            entries = all;
        }
    }

    private static void addTo(
            List<DirectoryEntry> all, List<DirectoryEntryState> saved, StateReader reader) {
        reader.budget().take((long) ENTRY_BYTES * saved.size());
        for (DirectoryEntryState entry : saved) {
            FileType type =
                    FileType.ofMode(entry.getType() << TYPE_SHIFT)
                            .orElseThrow(() -> StateReader.corrupt("an entry has no type"));
            all.add(
                    new DirectoryEntry(
                            PathName.of(entry.getName().toByteArray()), entry.getNumber(), type));
        }
    }

    private static ObjectState.Builder save(List<DirectoryEntry> some) {
        DirectoryEntriesState.Builder state = DirectoryEntriesState.newBuilder();
        for (DirectoryEntry entry : some) {
            state.addEntries(
                    DirectoryEntryState.newBuilder()
                            .setName(ByteString.copyFrom(entry.name().toBytes()))
                            .setNumber(entry.inode())
                            .setType(entry.type().directoryEntryType()));
        }
        return ObjectState.newBuilder().setDirectoryEntries(state);
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        DirectoryDescriptionState.Builder state =
                DirectoryDescriptionState.newBuilder().setFile(saveOpenFile(writer));
        // At the beginning they are read anew.
        if (position != 0) {
            state.addAllEntriesRefs(Portions.save(entries, DirectoryDescription::save, writer));
        }
        return ObjectState.newBuilder().setDirectoryDescription(state);
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    protected OpenFileState saveOpenFile(StateWriter writer) {
        return super.saveOpenFile(writer).toBuilder().setPosition(position).build();
    }

    @Override
    protected void restorePosition(long saved) {
        synchronized (positionLock) {
            position = saved;
        }
    }

    @Override
    public long read(IoBuffer destination) {
        throw ErrnoException.of(Errno.EISDIR);
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        throw ErrnoException.of(Errno.EISDIR);
    }

    @Override
    public long seek(long offset, int whence) {
        synchronized (positionLock) {
            long target =
                    switch (whence) {
                        case Fs.SEEK_SET -> offset;
                        case Fs.SEEK_CUR -> position + offset;
                        default -> throw ErrnoException.of(Errno.EINVAL);
                    };
            if (target < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            position = target;
            return target;
        }
    }

    @Override
    public void readEntries(EntrySink sink) {
        if (location().dentry().isDeleted()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        synchronized (positionLock) {
            if (position == 0 || entries.isEmpty()) {
                entries = currentEntries();
            }
            while (position < entries.size()
                    && sink.accept(entries.get((int) position), position + 1)) {
                position++;
            }
        }
    }

    private List<DirectoryEntry> currentEntries() {
        Dentry dentry = location().dentry();
        Inode parent = dentry.parent().map(Dentry::inode).orElse(directory);
        List<DirectoryEntry> all = new ArrayList<>();
        all.add(new DirectoryEntry(PathName.DOT, directory.number(), FileType.DIRECTORY));
        all.add(new DirectoryEntry(PathName.DOT_DOT, parent.number(), FileType.DIRECTORY));
        Lock treeLock = directory.fileSystem().treeLock().readLock();
        treeLock.lock();
        try {
            all.addAll(directory.entries());
        } finally {
            treeLock.unlock();
        }
        return all;
    }

    @Override
    public void sync(boolean dataOnly) {
        directory.fileSystem().sync();
    }

    @Override
    public void truncate(long size) {
        throw ErrnoException.of(Errno.EINVAL);
    }
}
