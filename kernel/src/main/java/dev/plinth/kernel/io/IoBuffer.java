package dev.plinth.kernel.io;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.MemorySegment;

/**
 * Where a file operation takes its bytes from or puts them: guest memory, or the kernel's own.
 *
 * <p>A buffer has a position and is used once, by one thread. Whether it is a source or a
 * destination was decided by who made it, and with it which access to guest memory is checked.
 */
public abstract class IoBuffer {
    private long remaining;

    /**
     * A buffer that stands at its first byte.
     *
     * @param length in bytes, not negative
     */
    protected IoBuffer(long length) {
        if (length < 0) {
            throw new IllegalArgumentException("negative length: " + length);
        }
        this.remaining = length;
    }

    /** Moves bytes between a file and a piece of a buffer. */
    @FunctionalInterface
    public interface Transfer {
        /**
         * Moves up to as many bytes as the piece has.
         *
         * <p>Runs under the memory manager's lock when the piece is guest memory: it does not block
         * for long, and takes no lock that stands before that one.
         *
         * @param piece of the buffer, at its position; not empty, valid during the call only
         * @return how many were moved; fewer than the piece has ends the operation
         * @throws dev.plinth.kernel.errno.ErrnoException if none could be moved
         */
        long apply(MemorySegment piece);
    }

    /** How many bytes are left from the position to the end. */
    public final long remaining() {
        return remaining;
    }

    /**
     * Cuts the rest of the buffer off behind a number of bytes.
     *
     * @param length how many are left at most; not negative
     */
    public final void shorten(long length) {
        remaining = Math.min(remaining, length);
    }

    /**
     * Hands the rest of the buffer, piece by piece, to a transfer, until it takes no more.
     *
     * @param limit at most this many bytes are handed over
     * @return how many bytes were moved; the position stands behind them
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT if the memory cannot be accessed, or
     *     whatever the transfer throws: but only if nothing was moved before, for what was moved is
     *     then the result, as read(2) and write(2) say
     */
    public final long transfer(long limit, Transfer transfer) {
        requireNonNull(transfer, "transfer is null");
        long moved = transferPieces(Math.min(limit, remaining), transfer);
        remaining -= moved;
        return moved;
    }

    /** Hands over the whole rest; see {@link #transfer(long, Transfer)}. */
    public final long transfer(Transfer transfer) {
        return transfer(remaining, transfer);
    }

    /**
     * Copies bytes of this source into memory of the kernel's own, as many as both have.
     *
     * @return how many; fewer only if the rest cannot be accessed
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT if nothing could be copied
     */
    public final long copyInto(MemorySegment memory) {
        long[] done = new long[1];
        return transfer(
                memory.byteSize(),
                piece -> {
                    MemorySegment.copy(piece, 0, memory, done[0], piece.byteSize());
                    done[0] += piece.byteSize();
                    return piece.byteSize();
                });
    }

    /**
     * Copies bytes of memory of the kernel's own into this destination, as many as both have.
     *
     * @return how many; fewer only if the rest cannot be accessed
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT if nothing could be copied
     */
    public final long copyFrom(MemorySegment memory) {
        long[] done = new long[1];
        return transfer(
                memory.byteSize(),
                piece -> {
                    MemorySegment.copy(memory, done[0], piece, 0, piece.byteSize());
                    done[0] += piece.byteSize();
                    return piece.byteSize();
                });
    }

    /**
     * Goes on behind some bytes that are not looked at.
     *
     * @param count at most as many are skipped
     * @return how many were
     */
    public final long skip(long count) {
        return count == 0 ? 0 : transfer(Math.min(count, remaining), MemorySegment::byteSize);
    }

    /**
     * Gives up the rest of the buffer without looking at it, so that memory which cannot be
     * accessed is no error.
     *
     * @return how many bytes the rest had
     */
    public final long discard() {
        long discarded = remaining;
        discardPieces(discarded);
        remaining = 0;
        return discarded;
    }

    /** Does {@link #discard}, where there is more to it than to forget the rest. */
    protected void discardPieces(long count) {}

    /**
     * Moves the position back: bytes that were transferred are not used after all.
     *
     * @param count at most as many as were transferred
     */
    public final void rewind(long count) {
        rewindPieces(count);
        remaining += count;
    }

    /** Does {@link #rewind}; {@link #remaining()} is changed afterwards. */
    protected abstract void rewindPieces(long count);

    /** Does {@link #transfer(long, Transfer)}; {@code limit} is at most {@link #remaining()}. */
    protected abstract long transferPieces(long limit, Transfer transfer);

    /**
     * A buffer over memory of the kernel's own, all in one piece.
     *
     * @param memory read or written while the buffer is used
     */
    public static IoBuffer of(MemorySegment memory) {
        return new SegmentBuffer(memory);
    }

    /** A buffer over an array of the kernel's own. */
    public static IoBuffer of(byte[] bytes) {
        return new SegmentBuffer(MemorySegment.ofArray(bytes));
    }

    private static final class SegmentBuffer extends IoBuffer {
        private final MemorySegment memory;
        private long position;

        SegmentBuffer(MemorySegment memory) {
            super(memory.byteSize());
            this.memory = memory;
        }

        @Override
        protected void rewindPieces(long count) {
            position -= count;
        }

        @Override
        protected long transferPieces(long limit, Transfer transfer) {
            if (limit == 0) {
                return 0;
            }
            long moved = transfer.apply(memory.asSlice(position, limit));
            position += moved;
            return moved;
        }
    }
}
