package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * Pages of the memory file whose content is still in the image alone.
 *
 * <p>Any thread may call any method. Who asks for a page holds a reference to it, so that it is not
 * forgotten meanwhile.
 */
@NotSaved("an image has all pages, those of an older one too")
final class MissingPages {
    private final ImageMemory image;
    private final MemorySegment view;

    /** Held while content is copied, before the other. */
    private final Object copyLock = new Object();

    private final Object pagesLock = new Object();

    @GuardedBy("pagesLock")
    private final BitSet missing = new BitSet();

    /** Whether there may be any; spares those who ask the lock. */
    private volatile boolean any;

    /**
     * No page yet.
     *
     * @param view of the memory file
     */
    MissingPages(ImageMemory image, MemorySegment view) {
        this.image = requireNonNull(image, "image is null");
        this.view = requireNonNull(view, "view is null");
    }

    /** Says that the content of pages, which are zero, is in the image. */
    void add(long page, long end) {
        synchronized (pagesLock) {
            missing.set((int) page, (int) end);
            any = true;
        }
    }

    /** Says that pages are free: what they held is of no use. */
    void forget(long page, long end) {
        if (any) {
            synchronized (pagesLock) {
                missing.clear((int) page, (int) end);
                any = !missing.isEmpty();
            }
        }
    }

    /**
     * Copies the content of pages that is missing.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if it is not what was written
     */
    void require(long page, long end) {
        if (!any) {
            return;
        }
        synchronized (copyLock) {
            long at = nextMissing(page);
            while (at < end) {
                ImageMemory.Run run = image.read(at, at, Math.min(end, nextPresent(at)));
                if (!run.isZero()) {
                    long bytes = (run.end() - at) << Pages.SHIFT;
                    MemorySegment.copy(image.view(), run.place(), view, at << Pages.SHIFT, bytes);
                }
                forget(at, run.end());
                at = nextMissing(run.end());
            }
        }
    }

    private long nextMissing(long page) {
        synchronized (pagesLock) {
            int next = missing.nextSetBit((int) page);
            return next < 0 ? Long.MAX_VALUE : next;
        }
    }

    private long nextPresent(long page) {
        synchronized (pagesLock) {
            return missing.nextClearBit((int) page);
        }
    }
}
