package dev.plinth.kernel.mm;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;

import java.util.List;

/** A buffer in guest memory. */
@NotSaved("lives for the time of a call")
final class GuestBuffer extends IoBuffer {
    private final GuestMemory memory;
    private final List<AddressRange> pieces;
    private final AccessType access;

    /** The piece that the position is in. */
    private int current;

    /** How much of it is behind the position. */
    private long behind;

    GuestBuffer(GuestMemory memory, List<AddressRange> pieces, AccessType access) {
        super(pieces.stream().mapToLong(AddressRange::length).sum());
        this.memory = memory;
        this.pieces = List.copyOf(pieces);
        this.access = access;
    }

    @Override
    protected void rewindPieces(long count) {
        long left = count;
        while (left > behind) {
            left -= behind;
            current--;
            behind = pieces.get(current).length();
        }
        behind -= left;
    }

    @Override
    protected long transferPieces(long limit, Transfer transfer) {
        long total = 0;
        while (total < limit) {
            AddressRange piece = pieces.get(current);
            long wanted = Math.min(piece.length() - behind, limit - total);
            long moved = transferPiece(piece.start() + behind, wanted, transfer, total > 0);
            total += moved;
            behind += moved;
            if (moved < wanted) {
                break;
            }
            if (behind == piece.length()) {
                current++;
                behind = 0;
            }
        }
        return total;
    }

    /**
     * Moves bytes of one piece.
     *
     * @param late whether bytes were moved before, so that an error is no longer reported
     */
    private long transferPiece(long address, long length, Transfer transfer, boolean late) {
        Progress progress = new Progress(transfer);
        long moved;
        try {
            moved = memory.each(address, length, access, progress);
        } catch (ErrnoException e) {
            if (late || progress.moved > 0) {
                return progress.moved;
            }
            throw e;
        }
        if (moved == 0 && !progress.asked && !late && length > 0) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return moved;
    }

    /** Hands pieces of the memory file to a transfer and remembers how far it came. */
    @NotSaved("lives for the time of a call")
    private final class Progress implements GuestMemory.Piece {
        private final Transfer transfer;
        private boolean asked;
        private long moved;

        Progress(Transfer transfer) {
            this.transfer = transfer;
        }

        @Override
        public long apply(long offset, long done, long length) {
            asked = true;
            long part = transfer.apply(memory.slice(offset, length));
            moved = done + part;
            return part;
        }
    }
}
