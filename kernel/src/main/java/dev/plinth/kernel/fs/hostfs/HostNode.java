package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;

import java.time.Instant;
import java.util.Optional;

/** A device, fifo or socket of the host, which is never opened there. */
final class HostNode extends Inode {
    private final HostHandle handle;

    HostNode(HostHandle handle, long number) {
        super(handle.fileSystem(), number, handle.lastKnown().type());
        this.handle = requireNonNull(handle, "handle is null");
    }

    HostHandle handle() {
        return handle;
    }

    @Override
    public DeviceNumber deviceId() {
        return handle.lastKnown().stat().deviceId();
    }

    @Override
    public FileStat stat() {
        return handle.stat(this);
    }

    @Override
    public Ownership ownership() {
        return handle.ownership();
    }

    @Override
    public void setPermissions(int permissions) {
        handle.setPermissions(permissions);
    }

    @Override
    public void setOwner(int uid, int gid, int permissions) {
        handle.setOwner(uid, gid, permissions);
    }

    @Override
    public void setTimes(Optional<Instant> accessed, Optional<Instant> modified) {
        handle.setTimes(accessed, modified);
    }
}
