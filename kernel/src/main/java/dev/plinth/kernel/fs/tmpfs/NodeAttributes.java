package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NewNode;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Owner, permissions, times and links of an inode. Any thread may use it; the last of all locks.
 *
 * <p>Times of reading are kept as Linux does by default (relatime): only where they would otherwise
 * be older than the last change, or than a day.
 */
final class NodeAttributes {
    private static final Duration ACCESS_TIME_STALE = Duration.ofDays(1);

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

    void setPermissions(int permissions) {
        synchronized (attributeLock) {
            ownership = new Inode.Ownership(permissions, ownership.uid(), ownership.gid());
            changed = clock.realtime();
        }
    }

    void setOwner(int uid, int gid, int permissions) {
        synchronized (attributeLock) {
            ownership = new Inode.Ownership(permissions, uid, gid);
            changed = clock.realtime();
        }
    }

    void setTimes(Optional<Instant> newAccessed, Optional<Instant> newModified) {
        synchronized (attributeLock) {
            accessed = newAccessed.orElse(accessed);
            modified = newModified.orElse(modified);
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
