package dev.plinth.kernel.fs.pipefs;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.PipePageState;
import dev.plinth.kernel.state.proto.PipeState;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What is in a pipe, slot by slot: the ring of {@code struct pipe_buffer}.
 *
 * <p>Bytes are moved as far as there are bytes and room; who waits, and for what, is the pipe's to
 * say. Guarded by the lock of the pipe.
 *
 * <p>Lasting state: the pages in order, and the number of slots.
 */
@SavedWith(Pipe.class)
final class PageRing {
    /** Those that are not in use are null. */
    private PipePage[] slots;

    @NotSaved("the pages are saved in their order")
    private int first;

    private int used;

    /** Empty slots. */
    PageRing(int slots) {
        this.slots = new PipePage[slots];
    }

    /** What was saved of a pipe. */
    static PageRing restore(PipeState state) {
        if (state.getPagesCount() > state.getSlots()) {
            throw StateReader.corrupt("a pipe holds more pages than it has slots");
        }
        PageRing ring = new PageRing(state.getSlots());
        for (PipePageState page : state.getPagesList()) {
            ring.push(PipePage.restore(page));
        }
        return ring;
    }

    /** Adds itself to what is saved of its pipe. */
    void save(PipeState.Builder state) {
        state.setSlots(slots.length);
        for (int i = 0; i < used; i++) {
            state.addPages(slot(i).save());
        }
    }

    boolean isEmpty() {
        return used == 0;
    }

    /** Whether no slot is free; there may be room for bytes yet in the last one. */
    boolean isFull() {
        return used == slots.length;
    }

    int slots() {
        return slots.length;
    }

    int used() {
        return used;
    }

    /** How many bytes there are. */
    long bytes() {
        long bytes = 0;
        for (int i = 0; i < used; i++) {
            bytes += slot(i).length();
        }
        return bytes;
    }

    /** How many bytes the free slots have room for. */
    long room() {
        return (long) (slots.length - used) * Pages.SIZE;
    }

    /** Has another number of slots, which is enough for those in use. */
    void resize(int wanted) {
        PipePage[] others = new PipePage[wanted];
        for (int i = 0; i < used; i++) {
            others[i] = slot(i);
        }
        slots = others;
        first = 0;
    }

    /** Gives up everything, the slots too. */
    void discard() {
        slots = new PipePage[0];
        first = 0;
        used = 0;
    }

    private PipePage slot(int index) {
        return slots[(first + index) % slots.length];
    }

    private void push(PipePage page) {
        slots[(first + used) % slots.length] = page;
        used++;
    }

    private void dropFirst() {
        slots[first] = null;
        first = (first + 1) % slots.length;
        used--;
    }

    private void dropEmpty() {
        while (used > 0 && slot(0).length() == 0) {
            dropFirst();
        }
    }

    /**
     * Reads up to the end of the first packet; what is not read of that is lost.
     *
     * @throws ErrnoException whatever the buffer throws
     */
    long read(IoBuffer destination) {
        long plain = plainBytes();
        Optional<PipePage> packet = firstPacket();
        long limit = plain + packet.map(PipePage::length).orElse(0);
        long count = destination.transfer(limit, this::takeInto);
        if (count > plain) {
            packet.ifPresent(PipePage::skipAll);
        }
        dropEmpty();
        return count;
    }

    /** How many bytes there are before the first packet. */
    private long plainBytes() {
        long bytes = 0;
        for (int i = 0; i < used && !slot(i).isPacket(); i++) {
            bytes += slot(i).length();
        }
        return bytes;
    }

    private Optional<PipePage> firstPacket() {
        for (int i = 0; i < used; i++) {
            if (slot(i).isPacket()) {
                return Optional.of(slot(i));
            }
        }
        return Optional.empty();
    }

    private long takeInto(MemorySegment piece) {
        long done = 0;
        while (done < piece.byteSize()) {
            PipePage page = slot(0);
            done += page.drain(piece, done);
            if (page.length() == 0 && done < piece.byteSize()) {
                dropFirst();
            }
        }
        return done;
    }

    /**
     * Writes what fits.
     *
     * @param packets whether what is written stays together (O_DIRECT)
     * @return how many bytes; 0 if nothing fits
     * @throws ErrnoException whatever the buffer throws, if nothing was written
     */
    long write(IoBuffer source, boolean packets) {
        long merged = merge(source);
        return source.remaining() == 0 ? merged : merged + add(source, packets, merged > 0);
    }

    /** What does not fill a page goes behind the last bytes, if there is room for all of it. */
    private long merge(IoBuffer source) {
        long odd = source.remaining() % Pages.SIZE;
        if (odd == 0 || used == 0 || !slot(used - 1).canTake(odd)) {
            return 0;
        }
        PipePage last = slot(used - 1);
        return source.transfer(odd, piece -> last.fill(piece, 0));
    }

    /**
     * Fills slots that are free.
     *
     * @param late whether bytes were written before, so that an error is no longer reported
     */
    private long add(IoBuffer source, boolean packets, boolean late) {
        if (room() == 0) {
            return 0;
        }
        try {
            return source.transfer(room(), new Filler(packets));
        } catch (ErrnoException e) {
            if (late) {
                return 0;
            }
            throw e;
        }
    }

    /** Takes the pieces of a buffer into slots. */
    @NotSaved("lives while a call is made")
    private final class Filler implements IoBuffer.Transfer {
        private final boolean packets;
        private PipePage page;

        Filler(boolean packets) {
            this.packets = packets;
        }

        @Override
        public long apply(MemorySegment piece) {
            long done = 0;
            while (done < piece.byteSize()) {
                if (page == null || page.isFull()) {
                    page = PipePage.empty(packets);
                    push(page);
                }
                done += page.fill(piece, done);
            }
            return done;
        }
    }

    /**
     * Fills free slots with what a transfer puts into their pages.
     *
     * @return how many bytes; 0 also if there is no free slot
     * @throws ErrnoException whatever the transfer throws, if nothing was moved
     */
    long fill(long limit, IoBuffer.Transfer transfer) {
        long done = 0;
        while (done < limit && !isFull()) {
            PipePage page = PipePage.toFill(Math.min(limit - done, Pages.SIZE));
            long count = move(page, page.length(), transfer, done > 0);
            int wanted = page.length();
            page.shortenTo(count);
            if (count > 0) {
                push(page);
            }
            done += count;
            if (count < wanted) {
                break;
            }
        }
        return done;
    }

    /**
     * Hands the bytes that are there to a transfer, and gives up those that it takes.
     *
     * @return how many bytes; 0 also if there are none
     * @throws ErrnoException whatever the transfer throws, if nothing was moved
     */
    long drain(long limit, IoBuffer.Transfer transfer) {
        long done = 0;
        while (done < limit && used > 0) {
            PipePage page = slot(0);
            long wanted = Math.min(limit - done, page.length());
            long count = move(page, wanted, transfer, done > 0);
            page.skip(count);
            dropEmpty();
            done += count;
            if (count < wanted) {
                break;
            }
        }
        return done;
    }

    /** Runs a transfer on the first bytes of a page; late errors only end the operation. */
    private static long move(PipePage page, long count, IoBuffer.Transfer transfer, boolean late) {
        try {
            return transfer.apply(page.bytes().asSlice(0, count));
        } catch (ErrnoException e) {
            if (late) {
                return 0;
            }
            throw e;
        }
    }

    /** Moves bytes to the ring of another pipe, whose lock is held too; whole pages as they are. */
    long moveTo(PageRing target, long limit) {
        long done = 0;
        while (done < limit && used > 0 && !target.isFull()) {
            PipePage page = slot(0);
            if (page.length() <= limit - done) {
                dropFirst();
            } else {
                PipePage part = page.share(limit - done);
                page.skip(part.length());
                page = part;
            }
            target.push(page);
            done += page.length();
        }
        return done;
    }

    /** Shows the ring of another pipe, whose lock is held too, the same bytes, and keeps them. */
    long copyTo(PageRing target, long limit) {
        long done = 0;
        for (int i = 0; i < used && done < limit && !target.isFull(); i++) {
            PipePage part = slot(i).share(limit - done);
            target.push(part);
            done += part.length();
        }
        return done;
    }
}
