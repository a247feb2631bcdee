package dev.plinth.kernel.fs.hostfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Descriptors of the directories that were used lately, so that a name in one of them is looked up
 * by one call of the host, wherever the directory is.
 *
 * <p>A descriptor stays with its directory wherever that is moved on the host. So it is used as
 * long as what is known about the directory is believed, and then opened anew by its path. The lock
 * is held for moments, and no other is taken under it. Any thread may call any method.
 */
@NotSaved("a cache of descriptors of the host")
final class DirectoryDescriptors implements AutoCloseable {
    private static final int DESCRIPTORS_MAX = 128;

    private final Object directoriesLock = new Object();

    /** Longest unused first. */
    @GuardedBy("directoriesLock")
    private final Map<HostHandle, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    /** A descriptor, how many use it at the moment, and whether it is to be closed after them. */
    @NotSaved("a descriptor of the host")
    private static final class Entry {
        private final HostFd fd;
        private int users = 1;
        private boolean forgotten;

        Entry(HostFd fd) {
            this.fd = fd;
        }
    }

    /** Does something with a descriptor of a directory, which is good for its path only. */
    <T> T with(HostHandle directory, Function<HostFd, T> action) {
        if (!directory.isTrusted()) {
            forget(directory);
        }
        Entry entry = known(directory).orElseGet(() -> open(directory));
        try {
            return action.apply(entry.fd);
        } finally {
            release(entry);
        }
    }

    private Optional<Entry> known(HostHandle directory) {
        synchronized (directoriesLock) {
            Entry entry = entries.get(directory);
            if (entry != null) {
                entry.users++;
            }
            return Optional.ofNullable(entry);
        }
    }

    private Entry open(HostHandle directory) {
        Entry entry = new Entry(directory.open(Fcntl.O_PATH | Fcntl.O_DIRECTORY));
        List<Entry> victims = new ArrayList<>(1);
        synchronized (directoriesLock) {
            // Another thread may have opened it meanwhile.
            Optional.ofNullable(entries.put(directory, entry)).ifPresent(victims::add);
            Iterator<Entry> oldest = entries.values().iterator();
            while (entries.size() > DESCRIPTORS_MAX) {
                victims.add(oldest.next());
                oldest.remove();
            }
        }
        victims.forEach(this::forget);
        return entry;
    }

    private void release(Entry entry) {
        boolean last;
        synchronized (directoriesLock) {
            entry.users--;
            last = entry.forgotten && entry.users == 0;
        }
        if (last) {
            entry.fd.close();
        }
    }

    private void forget(Entry entry) {
        boolean unused;
        synchronized (directoriesLock) {
            entry.forgotten = true;
            unused = entry.users == 0;
        }
        if (unused) {
            entry.fd.close();
        }
    }

    /** A directory is gone. */
    void forget(HostHandle directory) {
        Optional<Entry> entry;
        synchronized (directoriesLock) {
            entry = Optional.ofNullable(entries.remove(directory));
        }
        entry.ifPresent(this::forget);
    }

    /** Closes all of them. */
    @Override
    public void close() {
        List<Entry> all;
        synchronized (directoriesLock) {
            all = List.copyOf(entries.values());
            entries.clear();
        }
        all.forEach(this::forget);
    }
}
