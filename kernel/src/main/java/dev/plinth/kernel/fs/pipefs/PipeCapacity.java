package dev.plinth.kernel.fs.pipefs;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many pages all pipes of a sandbox may hold together, so that a guest cannot fill the JVM's
 * heap with them: {@code pipe_user_pages_soft} of fs/pipe.c, but for everyone, and a hard limit.
 *
 * <p>What counts is the capacity of a pipe, whether it is full or not. Any thread may use it.
 */
@NotSaved("follows from the pipes")
final class PipeCapacity {
    /** A new pipe: {@code PIPE_DEF_BUFFERS}. */
    static final int DEFAULT_PAGES = 16;

    /** A new pipe when there are very many: {@code PIPE_MIN_DEF_BUFFERS}. */
    private static final int SCARCE_PAGES = 2;

    /** What F_SETPIPE_SZ gives to those without CAP_SYS_RESOURCE: pipe-max-size of proc(5). */
    static final int MAX_UNPRIVILEGED_BYTES = 1 << 20;

    private static final int SOFT_LIMIT = 16384;
    private static final int HARD_LIMIT = 4 * SOFT_LIMIT;

    private final AtomicInteger pages = new AtomicInteger();

    /**
     * Takes what a new pipe is given.
     *
     * @return how many pages
     * @throws ErrnoException ENFILE if there are too many pipes
     */
    int takeForNewPipe() {
        if (pages.addAndGet(DEFAULT_PAGES) <= SOFT_LIMIT) {
            return DEFAULT_PAGES;
        }
        if (pages.addAndGet(SCARCE_PAGES - DEFAULT_PAGES) <= HARD_LIMIT) {
            return SCARCE_PAGES;
        }
        pages.addAndGet(-SCARCE_PAGES);
        throw ErrnoException.of(Errno.ENFILE);
    }

    /**
     * Takes what a pipe had that was saved.
     *
     * @throws IllegalArgumentException if no pipe can have so much
     */
    void takeAgain(int count) {
        if (count < 1 || count > HARD_LIMIT || pages.addAndGet(count) > HARD_LIMIT) {
            throw new IllegalArgumentException("a pipe, or all of them, had too many pages");
        }
    }

    /**
     * Changes what a pipe has.
     *
     * @param privileged whether the soft limit does not bind the caller
     * @throws ErrnoException EPERM if it would be more than the caller may have; ENOMEM if there is
     *     no more
     */
    void change(int from, int to, boolean privileged) {
        int now = pages.addAndGet(to - from);
        if (to <= from || now <= (privileged ? HARD_LIMIT : SOFT_LIMIT)) {
            return;
        }
        pages.addAndGet(from - to);
        throw ErrnoException.of(privileged ? Errno.ENOMEM : Errno.EPERM);
    }

    /** Gives back what a pipe had. */
    void release(int count) {
        pages.addAndGet(-count);
    }

    /** How many pages a pipe needs for a size: a power of two, {@code round_pipe_size}. */
    static int pagesFor(int bytes) {
        int wanted = (int) (Pages.ceil(Math.max(bytes, 1)) / Pages.SIZE);
        return wanted == 1 ? 1 : Integer.highestOneBit(wanted - 1) * 2;
    }
}
