package dev.plinth.kernel.fs.pipefs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;

/**
 * The pages of a pipe as the buffer that another file is read into or written from, so that
 * splice(2) copies once. The pipe's lock is taken inside the other file's.
 */
@NotSaved("lives while a call is made")
final class SplicedBuffer extends IoBuffer {
    private final Pipe pipe;
    private final Direction direction;
    private boolean missed;

    /** What becomes of the pages. */
    private enum Direction {
        FILL,
        DRAIN
    }

    private SplicedBuffer(Pipe pipe, Direction direction, long length) {
        super(length);
        this.pipe = requireNonNull(pipe, "pipe is null");
        this.direction = direction;
    }

    /** Room in a pipe, as much as there is now. */
    static SplicedBuffer toFill(Pipe pipe, long limit) {
        return new SplicedBuffer(pipe, Direction.FILL, Math.min(limit, pipe.room()));
    }

    /** The bytes of a pipe, as many as there are now. */
    static SplicedBuffer toDrain(Pipe pipe, long limit) {
        return new SplicedBuffer(pipe, Direction.DRAIN, Math.min(limit, pipe.readableBytes()));
    }

    /**
     * Whether others used up the room or the bytes before anything was moved: to be tried again.
     */
    boolean missed() {
        return missed;
    }

    @Override
    protected long transferPieces(long limit, Transfer transfer) {
        boolean[] asked = new boolean[1];
        Transfer noting =
                piece -> {
                    asked[0] = true;
                    return transfer.apply(piece);
                };
        long moved =
                direction == Direction.FILL ? pipe.fill(limit, noting) : pipe.drain(limit, noting);
        missed |= limit > 0 && !asked[0];
        return moved;
    }

    @Override
    protected void discardPieces(long count) {
        pipe.drain(count, piece -> piece.byteSize());
    }

    @Override
    protected void rewindPieces(long count) {
        throw new IllegalStateException("bytes of a pipe cannot be put back");
    }
}
