package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * What one task waits for: wait queues of the kernel, and descriptors of the host.
 *
 * <p>Made by a {@link Blocker}, filled by {@link FileDescription#watch}, used for one wait or for
 * several, then closed. Confined to the thread that made it, but for the wake-up.
 *
 * <p>The order that loses no wake-up: watch; ask {@link FileDescription#ready}; if not ready,
 * {@link Blocker#await}; ask again.
 */
@NotSaved("lives as long as a call")
public final class WaitSet implements AutoCloseable {
    private static final int ALWAYS = Poll.POLLERR | Poll.POLLHUP | Poll.POLLNVAL;

    private final Runnable wake;

    /** One for each queue, however often it is named: a guest decides how often that is. */
    private final IdentityHashMap<WaitQueue, WaitQueue.Entry> registrations =
            new IdentityHashMap<>(1);

    /** Likewise, with the events that are waited for. */
    private final IdentityHashMap<HostFd, Integer> hostWaits = new IdentityHashMap<>(1);

    /**
     * A descriptor of the host that is waited for.
     *
     * @param fd borrowed; whoever watches keeps the file open
     * @param events as of poll(2)
     */
    public record HostWait(HostFd fd, int events) {}

    /**
     * An empty set.
     *
     * @param wake wakes the waiting thread. Run by any thread, under locks of files, also while the
     *     thread does not wait yet: it must be latched
     */
    public WaitSet(Runnable wake) {
        this.wake = requireNonNull(wake, "wake is null");
    }

    /** Waits for events of a queue; errors and hang-ups are always among them. */
    public void add(WaitQueue queue, int events) {
        WaitQueue.Entry before = registrations.get(queue);
        int all = events | ALWAYS | (before == null ? 0 : before.events());
        if (before != null && before.events() == all) {
            return;
        }
        WaitQueue.Entry entry = new WaitQueue.Entry(all, wake);
        queue.add(entry);
        registrations.put(queue, entry);
        if (before != null) {
            queue.remove(before);
        }
    }

    /** Waits for events of a descriptor of the host. */
    public void add(HostFd fd, int events) {
        hostWaits.merge(fd, events, (before, more) -> before | more);
    }

    /** The descriptors of the host that are waited for. */
    public List<HostWait> hostWaits() {
        if (hostWaits.isEmpty()) {
            return List.of();
        }
        List<HostWait> waits = new ArrayList<>(hostWaits.size());
        hostWaits.forEach((fd, events) -> waits.add(new HostWait(fd, events)));
        return waits;
    }

    /** Ends all waiting; doing so again is harmless. */
    @Override
    public void close() {
        registrations.forEach(WaitQueue::remove);
        registrations.clear();
        hostWaits.clear();
    }
}
