package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NewNode;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Owner, permissions, times, links and extended attributes of an inode. Any thread may use it; the
 * last of all locks.
 *
 * <p>Times of reading are kept as Linux does by default (relatime): only where they would otherwise
 * be older than the last change, or than a day.
 */
final class NodeAttributes implements AttributeStore {
    private static final Duration ACCESS_TIME_STALE = Duration.ofDays(1);

    /** Names and values of one inode; they lie on the JVM's heap. */
    private static final long XATTR_BYTES_MAX = 128 << 10;

    private final Clock clock;
    private final Instant born;
    private final Object attributeLock = new Object();

    @GuardedBy("attributeLock")
    private Inode.Ownership ownership;

    @GuardedBy("attributeLock")
    private int links;

    @GuardedBy("attributeLock")
    private Instant accessed;

    @GuardedBy("attributeLock")
    private Instant modified;

    @GuardedBy("attributeLock")
    private Instant changed;

    /** Extended attributes by name; an immutable map as long as there are none. */
    @GuardedBy("attributeLock")
    private Map<String, byte[]> xattrs = Map.of();

    @GuardedBy("attributeLock")
    private long xattrBytes;

    /** All of it at one moment. */
    record Snapshot(
            Inode.Ownership ownership,
            int links,
            Instant accessed,
            Instant modified,
            Instant changed,
            Instant born) {}

    NodeAttributes(Clock clock, NewNode node, int links) {
        this.clock = requireNonNull(clock, "clock is null");
        ownership = new Inode.Ownership(node.permissions(), node.uid(), node.gid());
        this.links = links;
        born = clock.realtime();
        accessed = born;
        modified = born;
        changed = born;
    }

    Snapshot snapshot() {
        synchronized (attributeLock) {
            return new Snapshot(ownership, links, accessed, modified, changed, born);
        }
    }

    Inode.Ownership ownership() {
        synchronized (attributeLock) {
            return ownership;
        }
    }

    @Override
    public void setPermissions(Inode self, int permissions) {
        synchronized (attributeLock) {
            if (self instanceof TmpfsFile file) {
                file.content().seals().checkPermissions(ownership.permissions(), permissions);
            }
            ownership = new Inode.Ownership(permissions, ownership.uid(), ownership.gid());
            changed = clock.realtime();
        }
    }

    @Override
    public void setOwner(Inode self, int uid, int gid, int permissions) {
        synchronized (attributeLock) {
            ownership = new Inode.Ownership(permissions, uid, gid);
            changed = clock.realtime();
        }
    }

    @Override
    public void setTimes(Inode self, Optional<Instant> newAccessed, Optional<Instant> newModified) {
        synchronized (attributeLock) {
            accessed = newAccessed.orElse(accessed);
            modified = newModified.orElse(modified);
            changed = clock.realtime();
        }
    }

    @Override
    public Optional<byte[]> xattr(String name) {
        synchronized (attributeLock) {
            return Optional.ofNullable(xattrs.get(name)).map(byte[]::clone);
        }
    }

    @Override
    public List<String> xattrNames() {
        synchronized (attributeLock) {
            return List.copyOf(xattrs.keySet());
        }
    }

    @Override
    public void setXattr(Inode self, String name, byte[] value, XattrMode mode) {
        synchronized (attributeLock) {
            byte[] old = xattrs.get(name);
            mode.require(old != null);
            long freed = old == null ? 0 : name.length() + old.length;
            long bytes = xattrBytes - freed + name.length() + value.length;
            if (bytes > XATTR_BYTES_MAX) {
                throw ErrnoException.of(Errno.ENOSPC);
            }
            if (old == null && xattrs.isEmpty()) {
                xattrs = new TreeMap<>();
            }
            xattrs.put(name, value);
            xattrBytes = bytes;
            changed = clock.realtime();
        }
    }

    @Override
    public void removeXattr(Inode self, String name) {
        synchronized (attributeLock) {
            byte[] old = xattrs.isEmpty() ? null : xattrs.remove(name);
            if (old == null) {
                throw ErrnoException.of(Errno.ENODATA);
            }
            xattrBytes -= name.length() + old.length;
            changed = clock.realtime();
        }
    }

    int links() {
        synchronized (attributeLock) {
            return links;
        }
    }

    /** Adds to the number of links and returns what it is then. */
    int addLinks(int change) {
        synchronized (attributeLock) {
            links += change;
            changed = clock.realtime();
            return links;
        }
    }

    /** The content was changed. */
    void contentChanged() {
        synchronized (attributeLock) {
            modified = clock.realtime();
            changed = modified;
        }
    }

    /** The content was read. */
    void contentRead() {
        synchronized (attributeLock) {
            if (accessed.isAfter(modified) && accessed.isAfter(changed)) {
                Instant now = clock.realtime();
                if (Duration.between(accessed, now).compareTo(ACCESS_TIME_STALE) < 0) {
                    return;
                }
            }
            accessed = clock.realtime();
        }
    }
}
