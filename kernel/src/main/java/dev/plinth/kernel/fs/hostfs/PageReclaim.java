package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Keeps the pages of files that nobody uses at the moment, for programs are run again and again,
 * and lets go of those unused for longest when they become too many.
 *
 * <p>Its lock is held for moments, and no other is taken under it.
 */
@NotSaved("files that are not in use have no pages after a restore")
final class PageReclaim implements AutoCloseable {
    private static final long IDLE_BYTES_MAX = 256L << 20;

    private final MemoryFile memory;
    private final Object reclaimLock = new Object();

    /** Files that nobody uses and how much they keep, longest unused first. */
    @GuardedBy("reclaimLock")
    private final Map<HostFile, Long> idle = new LinkedHashMap<>();

    @GuardedBy("reclaimLock")
    private long idleBytes;

    PageReclaim(MemoryFile memory) {
        this.memory = requireNonNull(memory, "memory is null");
    }

    MemoryFile memory() {
        return memory;
    }

    /** Nobody uses a file any more; it keeps its pages for now. */
    void becameIdle(HostFile file) {
        long bytes = file.pages().bytes();
        if (bytes == 0) {
            return;
        }
        List<HostFile> victims = new ArrayList<>();
        synchronized (reclaimLock) {
            forgetLocked(file);
            idle.put(file, bytes);
            idleBytes += bytes;
            while (idleBytes > IDLE_BYTES_MAX) {
                HostFile oldest = idle.keySet().iterator().next();
                forgetLocked(oldest);
                victims.add(oldest);
            }
        }
        victims.forEach(victim -> victim.pages().drop());
    }

    /** A file is used again. */
    void becameBusy(HostFile file) {
        synchronized (reclaimLock) {
            forgetLocked(file);
        }
    }

    @GuardedBy("reclaimLock")
    private void forgetLocked(HostFile file) {
        Long bytes = idle.remove(file);
        if (bytes != null) {
            idleBytes -= bytes;
        }
    }

    /**
     * Allocates memory for pages of a file that is used, at the cost of those that are not.
     *
     * <p>May be called with the page lock of a file that is in use.
     *
     * @throws ErrnoException ENOMEM
     */
    long allocate(long bytes) {
        try {
            return memory.allocate(bytes);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ENOMEM) {
                throw e;
            }
            dropIdle();
            return memory.allocate(bytes);
        }
    }

    private void dropIdle() {
        List<HostFile> victims;
        synchronized (reclaimLock) {
            victims = List.copyOf(idle.keySet());
            idle.clear();
            idleBytes = 0;
        }
        victims.forEach(victim -> victim.pages().drop());
    }

    /** Gives up the pages of files that nobody uses; in the end that is all of them. */
    @Override
    public void close() {
        dropIdle();
    }
}
