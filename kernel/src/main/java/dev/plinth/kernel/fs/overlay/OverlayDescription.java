package dev.plinth.kernel.fs.overlay;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.state.proto.OverlayDescriptionState;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;

import java.util.Optional;

/**
 * An open regular file of an overlay: the open file of a layer, which is another one after the file
 * was copied up.
 *
 * <p>The first one stays open until the end, for mappings may be filled from it at this moment.
 */
final class OverlayDescription extends SeekableDescription {
    private final OverlayFile file;
    private final SeekableDescription first;

    /** The one that counts; set at most once again, under the file's descriptionsLock. */
    private volatile SeekableDescription current;

    /** Takes over the layer's description. */
    OverlayDescription(Location location, int flags, OverlayFile file, SeekableDescription opened) {
        super(location, flags);
        this.file = requireNonNull(file, "file is null");
        this.first = requireNonNull(opened, "opened is null");
        this.current = opened;
    }

    /** An open file that was saved. */
    @SuppressWarnings("ReferenceEquality") // There is one object for each file.
    static OverlayDescription restore(ObjectState object, StateReader reader) {
        OpenFileState state = object.getOverlayDescription().getFile();
        Location location = Location.restore(state.getLocation(), reader);
        SeekableDescription layer =
                reader.get(
                        object.getOverlayDescription().getLayerFileRef(),
                        SeekableDescription.class);
        if (!(location.inode() instanceof OverlayFile file)
                || layer.inode() != file.layers().current()) {
            throw StateReader.corrupt("an open file of an overlay is another one");
        }
        layer.retain();
        OverlayDescription description =
                new OverlayDescription(location, state.getFlags(), file, layer);
        file.restored(description);
        description.restoreOpenFile(state, reader);
        return description;
    }

    /** Of the layers' files only the one that counts: no mapping is being filled now. */
    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setOverlayDescription(
                        OverlayDescriptionState.newBuilder()
                                .setFile(saveOpenFile(writer))
                                .setLayerFileRef(writer.reference(current)));
    }

    /** The file was copied up: from now on this description of the copy counts, and is ours. */
    void switchTo(SeekableDescription copy) {
        current = copy;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // The same open file, not an equal one.
    protected void dispose() {
        file.forget(this);
        SeekableDescription last = current;
        first.close();
        if (!last.equals(first)) {
            last.close();
        }
    }

    @Override
    public FileStat stat() {
        return file.stat();
    }

    @Override
    public long size() {
        return current.size();
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        return current.readAt(destination, offset);
    }

    @Override
    public long overwrite(IoBuffer source, long offset) {
        return current.overwrite(source, offset);
    }

    @Override
    public long append(IoBuffer source) {
        return current.append(source);
    }

    @Override
    public long nextData(long offset) {
        return current.nextData(offset);
    }

    @Override
    public long nextHole(long offset) {
        return current.nextHole(offset);
    }

    @Override
    public Optional<? extends Mappable> mappable() {
        file.pages().use(current.mappable().orElseThrow());
        return Optional.of(file.pages());
    }

    @Override
    public void sync(boolean dataOnly) {
        current.sync(dataOnly);
    }

    @Override
    public void allocate(int mode, long offset, long length) {
        current.allocate(mode, offset, length);
    }

    @Override
    public void truncate(long size) {
        current.truncate(size);
    }
}
