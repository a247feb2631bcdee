package dev.plinth.kernel.fs.tmpfs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Timestamps;
import dev.plinth.kernel.state.proto.TmpfsInodeState;
import dev.plinth.kernel.state.proto.XattrState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.linux.Stat;

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
@SavedWith(TmpfsInode.class)
final class NodeAttributes implements AttributeStore {
    private static final Duration ACCESS_TIME_STALE = Duration.ofDays(1);

    /** Names and values of one inode; they lie on the JVM's heap. */
    private static final long XATTR_BYTES_MAX = 128 << 10;

    private final Clock clock;
    private final Object attributeLock = new Object();

    /** Changed by a restore only. */
    @GuardedBy("attributeLock")
    private Instant born;

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

    @NotSaved("added up from the attributes")
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

    /** What is saved of an inode with these attributes. */
    @SuppressWarnings("GuardedBy") // The world is stopped.
    TmpfsInodeState save(Inode self, StateWriter writer) {
        TmpfsInodeState.Builder state =
                TmpfsInodeState.newBuilder()
                        .setFileSystemRef(writer.reference(self.fileSystem()))
                        .setNumber(self.number())
                        .setPermissions(ownership.permissions())
                        .setUid(ownership.uid())
                        .setGid(ownership.gid())
                        .setLinks(links)
                        .setAccessed(Timestamps.save(accessed))
                        .setModified(Timestamps.save(modified))
                        .setChanged(Timestamps.save(changed))
                        .setBorn(Timestamps.save(born));
        xattrs.forEach((name, value) ->
                state.addXattrs(
                        XattrState.newBuilder()
                                .setName(ByteString.copyFrom(name, ISO_8859_1))
                                .setValue(ByteString.copyFrom(value))));
        return state.build();
    }

    /** Sets the attributes that were saved, of an inode that nobody has seen yet. */
    void restore(TmpfsInodeState state) {
        if ((state.getPermissions() & ~Stat.PERMISSION_BITS) != 0 || state.getLinks() < 0) {
            throw StateReader.corrupt("a file of a tmpfs has attributes that there are not");
        }
        synchronized (attributeLock) {
            ownership = new Inode.Ownership(state.getPermissions(), state.getUid(), state.getGid());
            links = state.getLinks();
            for (XattrState xattr : state.getXattrsList()) {
                setXattrLocked(
                        xattr.getName().toString(ISO_8859_1),
                        xattr.getValue().toByteArray(),
                        XattrMode.CREATE);
            }
            accessed = Timestamps.restore(state.getAccessed());
            modified = Timestamps.restore(state.getModified());
            changed = Timestamps.restore(state.getChanged());
            born = Timestamps.restore(state.getBorn());
        }
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
            setXattrLocked(name, value, mode);
            changed = clock.realtime();
        }
    }

    @GuardedBy("attributeLock")
    private void setXattrLocked(String name, byte[] value, XattrMode mode) {
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
