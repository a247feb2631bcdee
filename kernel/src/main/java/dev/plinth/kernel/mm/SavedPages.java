package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.memory.ImageMemory;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.OwnPagesState;
import dev.plinth.kernel.state.proto.PageRunState;

import java.util.ArrayList;
import java.util.List;

/** The pages of a process's own as a checkpoint keeps them, in the order of addresses. */
@SavedWith(MemoryManager.class)
final class SavedPages {
    private final MemoryFile memory;
    private final VmaSet vmas;
    private final StateWriter writer;
    private final List<OwnPagesState> states = new ArrayList<>();

    /**
     * None yet.
     *
     * @param vmas all areas
     * @param writer takes the pages
     */
    SavedPages(MemoryFile memory, VmaSet vmas, StateWriter writer) {
        this.memory = requireNonNull(memory, "memory is null");
        this.vmas = requireNonNull(vmas, "vmas is null");
        this.writer = requireNonNull(writer, "writer is null");
    }

    List<OwnPagesState> states() {
        return states;
    }

    /** Adds pages that lie above all that were added. */
    void add(Pma pma) {
        if (pma.kind == Pma.Kind.UNREAD) {
            addUnread(pma);
        } else {
            add(pma.start, pma.offset, pma.end - pma.start);
        }
    }

    private void add(long address, long place, long length) {
        writer.pagesCopiedOnWrite(place, length);
        states.add(
                OwnPagesState.newBuilder()
                        .setAddress(address)
                        .setRun(
                                PageRunState.newBuilder()
                                        .setFirstPage(place >> Pages.SHIFT)
                                        .setPages(length >> Pages.SHIFT))
                        .build());
    }

    /** Names pages by their places, as others may do that have read them. */
    private void addUnread(Pma pma) {
        long end = pma.pageOf(pma.end);
        long page = pma.pageOf(pma.start);
        while (page < end) {
            ImageMemory.Run run = findInImage(page, end);
            long address = pma.start + ((page - pma.pageOf(pma.start)) << Pages.SHIFT);
            long length = (run.end() - page) << Pages.SHIFT;
            if (!run.isZero()) {
                add(address, memory.placeOfImage(run.place()), length);
            } else {
                addZeros(address, address + length);
            }
            page = run.end();
        }
    }

    private ImageMemory.Run findInImage(long page, long end) {
        return memory.image().isPresent()
                ? memory.image().get().find(page, page, end)
                : new ImageMemory.Run(page, end, -1);
    }

    /** Only where a file is mapped does it matter that there are pages which are zero. */
    private void addZeros(long start, long end) {
        for (Vma vma : vmas.overlapping(start, end)) {
            if (vma.mappable().isPresent()) {
                Vma part = vma.part(start, end);
                states.add(
                        OwnPagesState.newBuilder()
                                .setAddress(part.start())
                                .setRun(PageRunState.newBuilder().setPages(part.pages()))
                                .setZero(true)
                                .build());
            }
        }
    }
}
