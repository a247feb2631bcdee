package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.state.proto.TmpfsDescriptionState;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.util.Optional;

/** An open regular file of a tmpfs. */
final class TmpfsDescription extends SeekableDescription {
    private final TmpfsFile file;
    private final MemoryContent content;

    TmpfsDescription(Location location, int flags, TmpfsFile file) {
        super(location, flags);
        this.file = requireNonNull(file, "file is null");
        this.content = file.content();
    }

    /** An open file that was saved. */
    static TmpfsDescription restore(ObjectState object, StateReader reader) {
        OpenFileState state = object.getTmpfsDescription().getFile();
        Location location = Location.restore(state.getLocation(), reader);
        if (!(location.inode() instanceof TmpfsFile file)) {
            throw StateReader.corrupt("an open file of a tmpfs is none");
        }
        TmpfsDescription description = new TmpfsDescription(location, state.getFlags(), file);
        description.restoreOpenFile(state, reader);
        return description;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setTmpfsDescription(
                        TmpfsDescriptionState.newBuilder().setFile(saveOpenFile(writer)));
    }

    @Override
    public long size() {
        return content.size();
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        long count = content.read(destination, offset);
        if ((flags() & Fcntl.O_NOATIME) == 0) {
            file.attributes().contentRead();
        }
        return count;
    }

    @Override
    public long overwrite(IoBuffer source, long offset) {
        long count = content.overwrite(source, offset);
        file.attributes().contentChanged();
        return count;
    }

    @Override
    public long append(IoBuffer source) {
        long end = content.append(source);
        file.attributes().contentChanged();
        return end;
    }

    @Override
    public long nextData(long offset) {
        return content.nextData(offset);
    }

    @Override
    public long nextHole(long offset) {
        return content.nextHole(offset);
    }

    @Override
    public int seals() {
        return content.seals().get();
    }

    @Override
    public void addSeals(int seals) {
        if (!isWritable()) {
            super.addSeals(seals);
        }
        content.seals().add(seals, file.ownership().permissions());
    }

    @Override
    protected boolean isSealedAgainstWriting() {
        return content.seals().forbidWriting();
    }

    @Override
    public Optional<? extends Mappable> mappable() {
        return Optional.of(content);
    }

    @Override
    public void sync(boolean dataOnly) {
        // Memory is where the file is kept: there is nothing to bring anywhere.
    }

    @Override
    public void allocate(int mode, long offset, long length) {
        content.allocate(mode, offset, length);
        file.attributes().contentChanged();
    }
}
