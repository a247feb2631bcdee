package dev.plinth.kernel.fs.pipefs;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.PipePageState;

import java.lang.foreign.MemorySegment;

/**
 * What one slot of a pipe holds: a part of a page. Linux calls it a {@code struct pipe_buffer}.
 *
 * <p>Guarded by the lock of the pipe that it is in, but for the bytes of a page that several pipes
 * share (tee(2)): those are no longer changed.
 */
@SavedWith(Pipe.class)
final class PipePage {
    private final MemorySegment page;

    /** Whether the rest of a packet is lost when a part of it was read (O_DIRECT). */
    private final boolean packet;

    /** Whether bytes may be added behind those that are there. */
    private final boolean mergeable;

    private int start;
    private int end;

    private PipePage(MemorySegment page, int start, int end, boolean packet, boolean mergeable) {
        this.page = requireNonNull(page, "page is null");
        this.start = start;
        this.end = end;
        this.packet = packet;
        this.mergeable = mergeable;
    }

    /** An empty page, to be filled. */
    static PipePage empty(boolean packet) {
        return new PipePage(MemorySegment.ofArray(new byte[Pages.SIZE]), 0, 0, packet, !packet);
    }

    /**
     * A page that something else fills, and to which nothing is added then.
     *
     * @param length how many bytes there will be at most
     */
    static PipePage toFill(long length) {
        return new PipePage(
                MemorySegment.ofArray(new byte[(int) length]), 0, (int) length, false, false);
    }

    /**
     * A page that was saved.
     *
     * @throws IllegalArgumentException if there is no such page
     */
    static PipePage restore(PipePageState state) {
        byte[] data = state.getData().toByteArray();
        int start = state.getOffset();
        if (data.length == 0 || start < 0 || start > Pages.SIZE - data.length) {
            throw new IllegalArgumentException(
                    "a page has %d bytes behind %x".formatted(data.length, start));
        }
        byte[] page = new byte[Pages.SIZE];
        System.arraycopy(data, 0, page, start, data.length);
        return new PipePage(
                MemorySegment.ofArray(page),
                start,
                start + data.length,
                state.getPacket(),
                state.getMergeable());
    }

    /** What is saved of it. */
    PipePageState save() {
        return PipePageState.newBuilder()
                .setData(ByteString.copyFrom(bytes().asByteBuffer()))
                .setOffset(start)
                .setPacket(packet)
                .setMergeable(mergeable)
                .build();
    }

    /** Gives up bytes at the end. */
    void shortenTo(long length) {
        end = start + (int) length;
    }

    /**
     * The first bytes of this page once more: they are shared, and nothing is added to the copy.
     *
     * @param limit at most this many bytes
     */
    PipePage share(long limit) {
        return new PipePage(page, start, (int) Math.min(end, start + limit), packet, false);
    }

    int length() {
        return end - start;
    }

    boolean isPacket() {
        return packet;
    }

    /** Whether this many bytes can be added behind those that are there. */
    boolean canTake(long count) {
        return mergeable && end + count <= Pages.SIZE;
    }

    boolean isFull() {
        return end == Pages.SIZE;
    }

    /** Adds as many bytes of a piece as fit, and returns how many. */
    long fill(MemorySegment piece, long from) {
        long count = Math.min(piece.byteSize() - from, Pages.SIZE - end);
        MemorySegment.copy(piece, from, page, end, count);
        end += (int) count;
        return count;
    }

    /** Takes bytes from the beginning as long as there is room in a piece, and returns how many. */
    long drain(MemorySegment piece, long to) {
        long count = Math.min(piece.byteSize() - to, length());
        MemorySegment.copy(page, start, piece, to, count);
        start += (int) count;
        return count;
    }

    /** The bytes that are there: to be read, or to be filled if the page is new. */
    MemorySegment bytes() {
        return page.asSlice(start, length());
    }

    /** Gives up bytes at the beginning. */
    void skip(long count) {
        start += (int) count;
    }

    /** Gives up all bytes. */
    void skipAll() {
        start = end;
    }
}
