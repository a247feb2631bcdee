package dev.plinth.kernel.fs.devfs;

import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.DeviceDescriptionState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;

/**
 * A device without a position that is always ready: /dev/null and its kin (drivers/char/mem.c).
 *
 * <p>Seeking is allowed and does nothing; reading and writing at an offset is as without one.
 */
abstract class MemoryDevice extends FileDescription {
    MemoryDevice(Location location, int flags) {
        super(location, flags);
    }

    @Override
    public final ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setDeviceDescription(
                        DeviceDescriptionState.newBuilder().setFile(saveOpenFile(writer)));
    }

    @Override
    public abstract long read(IoBuffer destination);

    /** What is written vanishes, without being looked at. */
    @Override
    public long write(IoBuffer source) {
        return source.discard();
    }

    @Override
    public final long readAt(IoBuffer destination, long offset) {
        return read(destination);
    }

    @Override
    public final long writeAt(IoBuffer source, long offset) {
        return write(source);
    }

    @Override
    public final long seek(long offset, int whence) {
        return 0;
    }

    /** Fills a buffer with zeros. */
    static long readZeros(IoBuffer destination) {
        return destination.transfer(piece -> {
            piece.fill((byte) 0);
            return piece.byteSize();
        });
    }
}
