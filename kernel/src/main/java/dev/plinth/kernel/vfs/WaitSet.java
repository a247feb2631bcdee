package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.ArrayList;
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
public final class WaitSet implements AutoCloseable {
    private final Runnable wake;
    private final List<Registration> registrations = new ArrayList<>();
    private final List<HostWait> hostWaits = new ArrayList<>();

    private record Registration(WaitQueue queue, WaitQueue.Entry entry) {}

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
        WaitQueue.Entry entry =
                new WaitQueue.Entry(events | Poll.POLLERR | Poll.POLLHUP | Poll.POLLNVAL, wake);
        queue.add(entry);
        registrations.add(new Registration(queue, entry));
    }

    /** Waits for events of a descriptor of the host. */
    public void add(HostFd fd, int events) {
        hostWaits.add(new HostWait(fd, events));
    }

    /** The descriptors of the host that are waited for. */
    public List<HostWait> hostWaits() {
        return List.copyOf(hostWaits);
    }

    /** Ends all waiting; doing so again is harmless. */
    @Override
    public void close() {
        registrations.forEach(registration -> registration.queue.remove(registration.entry));
        registrations.clear();
        hostWaits.clear();
    }
}
