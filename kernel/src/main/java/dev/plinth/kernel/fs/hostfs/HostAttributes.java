package dev.plinth.kernel.fs.hostfs;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.Timestamps;
import dev.plinth.kernel.state.proto.HostAttributesState;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers.HostFileId;
import dev.plinth.kernel.vfs.linux.Stat;

import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * What the host says about one of its files.
 *
 * @param id which file it is on the host
 * @param stat everything else, with the host's numbers
 */
public record HostAttributes(HostFileId id, FileStat stat) {
    /** Reads a {@code struct statx}. */
    static HostAttributes of(MemorySegment statx) {
        DeviceNumber device =
                new DeviceNumber(
                        statx.get(JAVA_INT, Stat.STATX_STX_DEV_MAJOR),
                        statx.get(JAVA_INT, Stat.STATX_STX_DEV_MINOR));
        long inode = statx.get(JAVA_LONG, Stat.STATX_STX_INO);
        int mode = statx.get(JAVA_SHORT, Stat.STATX_STX_MODE) & 0xFFFF;
        FileType type = FileType.ofMode(mode).orElseThrow(() -> ErrnoException.of(Errno.EIO));
        boolean knowsBirth = (statx.get(JAVA_INT, Stat.STATX_STX_MASK) & Stat.STATX_BTIME) != 0;
        FileStat stat =
                new FileStat(
                        device,
                        inode,
                        type,
                        mode & Stat.PERMISSION_BITS,
                        statx.get(JAVA_INT, Stat.STATX_STX_NLINK),
                        statx.get(JAVA_INT, Stat.STATX_STX_UID),
                        statx.get(JAVA_INT, Stat.STATX_STX_GID),
                        new DeviceNumber(
                                statx.get(JAVA_INT, Stat.STATX_STX_RDEV_MAJOR),
                                statx.get(JAVA_INT, Stat.STATX_STX_RDEV_MINOR)),
                        statx.get(JAVA_LONG, Stat.STATX_STX_SIZE),
                        statx.get(JAVA_INT, Stat.STATX_STX_BLKSIZE),
                        statx.get(JAVA_LONG, Stat.STATX_STX_BLOCKS),
                        time(statx, Stat.STATX_STX_ATIME),
                        time(statx, Stat.STATX_STX_MTIME),
                        time(statx, Stat.STATX_STX_CTIME),
                        knowsBirth ? time(statx, Stat.STATX_STX_BTIME) : Instant.EPOCH);
        return new HostAttributes(new HostFileId(device.encode(), inode), stat);
    }

    /** Reads a {@code struct statx_timestamp}. */
    private static Instant time(MemorySegment statx, int offset) {
        return Instant.ofEpochSecond(
                statx.get(JAVA_LONG, offset), statx.get(JAVA_INT, offset + Long.BYTES));
    }

    /** What is saved of it. */
    HostAttributesState save() {
        return HostAttributesState.newBuilder()
                .setDevice(id.device())
                .setInode(id.inode())
                .setMode(stat.mode())
                .setLinks(stat.links())
                .setUid(stat.uid())
                .setGid(stat.gid())
                .setDeviceId(stat.deviceId().encode())
                .setSize(stat.size())
                .setBlockSize(stat.blockSize())
                .setBlocks(stat.blocks())
                .setAccessed(Timestamps.save(stat.accessed()))
                .setModified(Timestamps.save(stat.modified()))
                .setChanged(Timestamps.save(stat.changed()))
                .setBorn(Timestamps.save(stat.born()))
                .build();
    }

    /** What the host said when it was saved. */
    static HostAttributes restore(HostAttributesState state) {
        FileType type =
                FileType.ofMode(state.getMode())
                        .orElseThrow(() -> StateReader.corrupt("a file of the host has no type"));
        FileStat stat =
                new FileStat(
                        DeviceNumber.decode(state.getDevice()),
                        state.getInode(),
                        type,
                        state.getMode() & Stat.PERMISSION_BITS,
                        state.getLinks(),
                        state.getUid(),
                        state.getGid(),
                        DeviceNumber.decode(state.getDeviceId()),
                        state.getSize(),
                        state.getBlockSize(),
                        state.getBlocks(),
                        Timestamps.restore(state.getAccessed()),
                        Timestamps.restore(state.getModified()),
                        Timestamps.restore(state.getChanged()),
                        Timestamps.restore(state.getBorn()));
        return new HostAttributes(new HostFileId(state.getDevice(), state.getInode()), stat);
    }

    /** What kind of file it is. */
    public FileType type() {
        return stat.type();
    }

    /** Owner and permissions. */
    public Inode.Ownership ownership() {
        return new Inode.Ownership(stat.permissions(), stat.uid(), stat.gid());
    }

    /** Tells files apart that had the same number on the host: the time of birth. */
    public long generation() {
        Instant born = stat.born();
        return born.getEpochSecond() * 1_000_000_000L + born.getNano();
    }

    /** Whether the other attributes are those of the same file at another time. */
    boolean isSameFile(HostAttributes other) {
        return id.equals(other.id)
                && type() == other.type()
                && stat.born().equals(other.stat.born());
    }

    /** Whether the content may have changed between the two. */
    boolean hasOtherContent(HostAttributes other) {
        return stat.size() != other.stat.size()
                || !stat.modified().equals(other.stat.modified())
                || !stat.changed().equals(other.stat.changed());
    }

    /** The same with another number of links. */
    HostAttributes withLinks(int links) {
        return new HostAttributes(id, stat.shownAs(stat.device(), stat.inode(), links));
    }

    /** What the guest sees: the same with the sandbox's numbers. */
    public FileStat toGuest(DeviceNumber device, long inode) {
        return new FileStat(
                device,
                inode,
                stat.type(),
                stat.permissions(),
                stat.links(),
                stat.uid(),
                stat.gid(),
                stat.deviceId(),
                stat.size(),
                stat.blockSize(),
                stat.blocks(),
                stat.accessed(),
                stat.modified(),
                stat.changed(),
                stat.born());
    }
}
