package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Timestamps;
import dev.plinth.kernel.state.proto.AnonymousInodeState;

import java.time.Instant;
import java.util.Optional;

/**
 * A file without a name that has attributes and nothing more in its file system: a pipe, a socket.
 *
 * <p>Lasting state: number, type, owner, permissions and times.
 */
public abstract class AnonymousInode extends Inode {
    /** What chmod(2) sets: {@code S_IALLUGO}. */
    private static final int PERMISSION_BITS = 07777;

    private final AnonymousFs fileSystem;
    private final Instant born;

    private final Object attributeLock = new Object();

    @GuardedBy("attributeLock")
    private Ownership ownership;

    @GuardedBy("attributeLock")
    private Instant accessed;

    @GuardedBy("attributeLock")
    private Instant modified;

    @GuardedBy("attributeLock")
    private Instant changed;

    /**
     * A file that was made now.
     *
     * @param number unique in the sandbox
     * @param maker whom the file belongs to
     */
    protected AnonymousInode(
            AnonymousFs fileSystem,
            long number,
            FileType type,
            int permissions,
            Credentials maker,
            Instant now) {
        super(fileSystem, number, type);
        this.fileSystem = fileSystem;
        this.born = requireNonNull(now, "now is null");
        this.ownership =
                new Ownership(permissions, maker.uids().fileSystem(), maker.gids().fileSystem());
        this.accessed = now;
        this.modified = now;
        this.changed = now;
    }

    /** A file that was saved; what it is besides is the restorer's to say. */
    protected AnonymousInode(AnonymousInodeState state, FileType type, StateReader reader) {
        super(reader.get(state.getFileSystemRef(), AnonymousFs.class), state.getNumber(), type);
        if ((state.getPermissions() & ~PERMISSION_BITS) != 0) {
            throw StateReader.corrupt("permissions are %o".formatted(state.getPermissions()));
        }
        this.fileSystem = reader.get(state.getFileSystemRef(), AnonymousFs.class);
        this.born = Timestamps.restore(state.getBorn());
        this.ownership = new Ownership(state.getPermissions(), state.getUid(), state.getGid());
        this.accessed = Timestamps.restore(state.getAccessed());
        this.modified = Timestamps.restore(state.getModified());
        this.changed = Timestamps.restore(state.getChanged());
    }

    /** What is saved of every such file; for {@link #saveState} of each kind. */
    @SuppressWarnings("GuardedBy") // The world is stopped.
    protected final AnonymousInodeState saveAnonymousInode(StateWriter writer) {
        return AnonymousInodeState.newBuilder()
                .setFileSystemRef(writer.reference(fileSystem))
                .setNumber(number())
                .setPermissions(ownership.permissions())
                .setUid(ownership.uid())
                .setGid(ownership.gid())
                .setAccessed(Timestamps.save(accessed))
                .setModified(Timestamps.save(modified))
                .setChanged(Timestamps.save(changed))
                .setBorn(Timestamps.save(born))
                .build();
    }

    /**
     * Where the file is found, though under no name.
     *
     * @param kind how /proc/[pid]/fd shows it, before the number: {@code pipe}, {@code socket}
     */
    public final Location place(String kind) {
        return fileSystem.place(this, PathName.of(kind + ":[" + number() + "]"));
    }

    @Override
    public final FileStat stat() {
        synchronized (attributeLock) {
            return new FileStat(
                    fileSystem.device(),
                    number(),
                    type(),
                    ownership.permissions(),
                    1,
                    ownership.uid(),
                    ownership.gid(),
                    DeviceNumber.NONE,
                    0,
                    Pages.SIZE,
                    0,
                    accessed,
                    modified,
                    changed,
                    born);
        }
    }

    @Override
    public final Ownership ownership() {
        synchronized (attributeLock) {
            return ownership;
        }
    }

    @Override
    public final void setPermissions(int permissions) {
        synchronized (attributeLock) {
            ownership = new Ownership(permissions, ownership.uid(), ownership.gid());
        }
    }

    @Override
    public final void setOwner(int uid, int gid, int permissions) {
        synchronized (attributeLock) {
            ownership = new Ownership(permissions, uid, gid);
        }
    }

    @Override
    public final void setTimes(Optional<Instant> newAccessed, Optional<Instant> newModified) {
        synchronized (attributeLock) {
            accessed = newAccessed.orElse(accessed);
            modified = newModified.orElse(modified);
        }
    }
}
