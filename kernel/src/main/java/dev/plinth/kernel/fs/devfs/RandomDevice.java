package dev.plinth.kernel.fs.devfs;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.UserMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An open /dev/random or /dev/urandom, which never lets one wait: drivers/char/random.c. */
final class RandomDevice extends FileDescription {
    /** linux/random.h: how much entropy there is. */
    private static final int RNDGETENTCNT = 0x8004_5200;

    /** What Linux says once its generator is seeded. */
    private static final int ENTROPY_BITS = 256;

    private final RandomBytes random;

    RandomDevice(Location location, int flags, RandomBytes random) {
        super(location, flags);
        this.random = requireNonNull(random, "random is null");
    }

    @Override
    public long read(IoBuffer destination) {
        return destination.transfer(
                piece -> {
                    random.fill(piece);
                    return piece.byteSize();
                });
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        return read(destination);
    }

    /** What is written would be mixed into the host's entropy, which is none of a guest's concern. */
    @Override
    public long write(IoBuffer source) {
        return source.transfer(MemorySegment::byteSize);
    }

    @Override
    public long writeAt(IoBuffer source, long offset) {
        return write(source);
    }

    /** {@code noop_llseek}. */
    @Override
    public long seek(long offset, int whence) {
        return 0;
    }

    @Override
    public long ioctl(int request, long argument, UserMemory memory) {
        if (request != RNDGETENTCNT) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        try (Arena arena = Arena.ofConfined()) {
            memory.copyOut(argument, arena.allocateFrom(JAVA_INT, ENTROPY_BITS));
        }
        return 0;
    }
}
