package dev.plinth.kernel.strace;

import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Stat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** How attributes of files and file systems are shown: type, permissions and size, as a rule. */
public final class StatFormats {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** Offsets in {@code struct stat} of asm/stat.h. */
    private static final int ST_MODE = 24;

    private static final int ST_RDEV = 40;
    private static final int ST_SIZE = 48;

    /** {@code struct statfs} of asm-generic/statfs.h: longs, two ints (the id), longs. */
    private static final int STATFS_BYTES = 120;

    private static final int F_FSID = 56;
    private static final int F_NAMELEN = 64;
    private static final int F_FRSIZE = 72;
    private static final int F_FLAGS = 80;

    /** The address of a {@code struct stat} that the call fills in. */
    public static final ArgumentFormat STAT_OUT =
            StructFormats.out(Stat.STAT_BYTES, StatFormats::appendStat);

    /** Flags of statx(2): how fresh the answer has to be, and the usual ones. */
    public static final ArgumentFormat STATX_FLAGS =
            new FlagFormat("AT_STATX_SYNC_AS_STAT", Fcntl.AT_STATX_SYNC_TYPE)
                    .with(0x2000, "AT_STATX_FORCE_SYNC")
                    .with(0x4000, "AT_STATX_DONT_SYNC")
                    .with(Fcntl.AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW")
                    .with(Fcntl.AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT")
                    .with(Fcntl.AT_EMPTY_PATH, "AT_EMPTY_PATH");

    /** Which attributes statx(2) asks for, or has answered. */
    public static final FlagFormat STATX_MASK =
            new FlagFormat("0")
                    .with(Stat.STATX_BASIC_STATS | Stat.STATX_BTIME, "STATX_ALL")
                    .with(Stat.STATX_BASIC_STATS, "STATX_BASIC_STATS")
                    .with(1, "STATX_TYPE")
                    .with(2, "STATX_MODE")
                    .with(4, "STATX_NLINK")
                    .with(8, "STATX_UID")
                    .with(0x10, "STATX_GID")
                    .with(0x20, "STATX_ATIME")
                    .with(0x40, "STATX_MTIME")
                    .with(0x80, "STATX_CTIME")
                    .with(0x100, "STATX_INO")
                    .with(0x200, "STATX_SIZE")
                    .with(0x400, "STATX_BLOCKS")
                    .with(Stat.STATX_BTIME, "STATX_BTIME")
                    .with(Stat.STATX_MNT_ID, "STATX_MNT_ID")
                    .family("STATX_???");

    /** The address of a {@code struct statx} that the call fills in. */
    public static final ArgumentFormat STATX_OUT =
            StructFormats.out(Stat.STATX_BYTES, StatFormats::appendStatx);

    private static final NameFormat FILE_SYSTEM_TYPE =
            new NameFormat()
                    .with(Fs.TMPFS_MAGIC, "TMPFS_MAGIC")
                    .with(Fs.OVERLAYFS_SUPER_MAGIC, "OVERLAYFS_SUPER_MAGIC")
                    .with(Fs.PROC_SUPER_MAGIC, "PROC_SUPER_MAGIC")
                    .with(Fs.SYSFS_MAGIC, "SYSFS_MAGIC")
                    .with(Fs.ANON_INODE_FS_MAGIC, "ANON_INODE_FS_MAGIC")
                    .with(Fs.PIPEFS_MAGIC, "PIPEFS_MAGIC")
                    .with(Fs.SOCKFS_MAGIC, "SOCKFS_MAGIC")
                    .with(0xEF53, "EXT2_SUPER_MAGIC");

    private static final FlagFormat MOUNT_FLAGS =
            new FlagFormat("0")
                    .with(Fs.ST_VALID, "ST_VALID")
                    .with(Fs.ST_RDONLY, "ST_RDONLY")
                    .with(Fs.ST_NOSUID, "ST_NOSUID")
                    .with(Fs.ST_NODEV, "ST_NODEV")
                    .with(Fs.ST_NOEXEC, "ST_NOEXEC")
                    .with(Fs.ST_NOATIME, "ST_NOATIME")
                    .with(Fs.ST_RELATIME, "ST_RELATIME");

    /** The address of a {@code struct statfs} that the call fills in. */
    public static final ArgumentFormat STATFS_OUT =
            StructFormats.out(STATFS_BYTES, StatFormats::appendStatfs);

    private StatFormats() {}

    private static void appendStat(StringBuilder out, MemorySegment stat) {
        int mode = stat.get(INT, ST_MODE);
        out.append("{st_mode=");
        FileFormats.appendMode(out, mode);
        if (FileFormats.isDevice(mode)) {
            out.append(", st_rdev=");
            FileFormats.appendDevice(out, DeviceNumber.decode(stat.get(LONG, ST_RDEV)));
        } else {
            out.append(", st_size=").append(stat.get(LONG, ST_SIZE));
        }
        out.append(", ...}");
    }

    private static void appendStatx(StringBuilder out, MemorySegment statx) {
        out.append("{stx_mask=");
        STATX_MASK.append(out, Integer.toUnsignedLong(statx.get(INT, Stat.STATX_STX_MASK)));
        out.append(", stx_attributes=");
        Formats.appendHex(out, statx.get(LONG, Stat.STATX_STX_BLKSIZE + 4L));
        out.append(", stx_mode=");
        FileFormats.appendMode(out, Short.toUnsignedInt(statx.get(SHORT, Stat.STATX_STX_MODE)));
        out.append(", stx_size=").append(statx.get(LONG, Stat.STATX_STX_SIZE));
        out.append(", ...}");
    }

    private static void appendStatfs(StringBuilder out, MemorySegment statfs) {
        String[] counts = {"f_bsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree"};
        out.append("{f_type=");
        FILE_SYSTEM_TYPE.append(out, (int) statfs.get(LONG, 0));
        for (int i = 0; i < counts.length; i++) {
            long value = statfs.get(LONG, (i + 1L) * Long.BYTES);
            out.append(", ").append(counts[i]).append('=').append(Long.toUnsignedString(value));
        }
        out.append(", f_fsid={val=[");
        Formats.appendHex(out, Integer.toUnsignedLong(statfs.get(INT, F_FSID)));
        out.append(", ");
        Formats.appendHex(out, Integer.toUnsignedLong(statfs.get(INT, F_FSID + Integer.BYTES)));
        out.append("]}, f_namelen=").append(statfs.get(LONG, F_NAMELEN));
        out.append(", f_frsize=").append(statfs.get(LONG, F_FRSIZE));
        out.append(", f_flags=");
        MOUNT_FLAGS.append(out, statfs.get(LONG, F_FLAGS));
        out.append('}');
    }
}
