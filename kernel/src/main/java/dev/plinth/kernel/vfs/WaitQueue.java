package dev.plinth.kernel.vfs;

import dev.plinth.kernel.state.NotSaved;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Where those wait who want to know that a file has become ready.
 *
 * <p>Any thread may call any method. Waking runs the waiters' wake-ups in the calling thread; they
 * take no lock of the file layer, so a file may wake while it holds its own.
 */
@NotSaved("waits are calls, which are made again")
public final class WaitQueue {
    private final List<Entry> entries = new CopyOnWriteArrayList<>();

    /**
     * A waiter in a queue.
     *
     * @param events that it waits for
     * @param wake what to run
     */
    record Entry(int events, Runnable wake) {
        /** Entries are told apart by identity: one waiter may wait twice. */
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    void add(Entry entry) {
        entries.add(entry);
    }

    void remove(Entry entry) {
        entries.remove(entry);
    }

    /** Wakes those who wait for any of the events. */
    public void wake(int events) {
        for (Entry entry : entries) {
            if ((entry.events & events) != 0) {
                entry.wake.run();
            }
        }
    }
}
