package dev.plinth.kernel.syscall.linux;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Waits until one of several files is ready: what poll(2) and select(2) have in common.
 *
 * <p>Holds a reference to each file until it is closed, so that a descriptor that another thread
 * closes meanwhile does no harm. Confined to the task thread.
 */
@NotSaved("of one system call")
final class ReadinessWait implements AutoCloseable {
    private static final int ALWAYS = Poll.POLLERR | Poll.POLLHUP;

    private final Task task;
    private final List<Entry> entries = new ArrayList<>();

    /**
     * What is waited for.
     *
     * @param file empty if there is none, and then {@code events} hold at once
     */
    private record Entry(Optional<FileDescription> file, int events) {
        int ready() {
            return file.map(open -> open.ready(events)).orElse(events);
        }
    }

    ReadinessWait(Task task) {
        this.task = requireNonNull(task, "task is null");
    }

    /** Adds a descriptor, which is ready with POLLNVAL if it cannot be waited for. */
    void add(int fd, int events) {
        try {
            addOpen(fd, events);
        } catch (ErrnoException e) {
            entries.add(new Entry(Optional.empty(), Poll.POLLNVAL));
        }
    }

    /**
     * Adds a descriptor, which is ready with POLLNVAL if it is good for naming the file only.
     *
     * @throws ErrnoException EBADF if it is not open
     */
    void addOpen(int fd, int events) {
        FileDescription file = task.files().getAlsoPathOnly(fd);
        if (file.isPathOnly()) {
            file.close();
            entries.add(new Entry(Optional.empty(), Poll.POLLNVAL));
        } else {
            entries.add(new Entry(Optional.of(file), events | ALWAYS));
        }
    }

    /** Adds what is never ready. */
    void addNothing() {
        entries.add(new Entry(Optional.empty(), 0));
    }

    /**
     * Waits until something is ready, the time is over, or a signal comes.
     *
     * @param deadline on the monotonic clock; {@link Blocking#AT_ONCE}, or {@link
     *     Blocker#NO_DEADLINE}
     * @return for each entry, in the order in which they were added, the events that hold
     */
    int[] await(long deadline) {
        int[] ready = new int[entries.size()];
        if (isReady(ready) || deadline == Blocking.AT_ONCE) {
            return ready;
        }
        try (WaitSet set = task.blocker().newWaitSet()) {
            for (Entry entry : entries) {
                entry.file().ifPresent(file -> file.watch(entry.events(), set));
            }
            Blocker.Outcome outcome = Blocker.Outcome.READY;
            while (!isReady(ready) && outcome == Blocker.Outcome.READY) {
                outcome = task.blocker().await(set, deadline);
            }
        }
        return ready;
    }

    private boolean isReady(int[] ready) {
        boolean any = false;
        for (int i = 0; i < ready.length; i++) {
            ready[i] = entries.get(i).ready();
            any |= ready[i] != 0;
        }
        return any;
    }

    @Override
    public void close() {
        entries.forEach(entry -> entry.file().ifPresent(FileDescription::close));
        entries.clear();
    }
}
