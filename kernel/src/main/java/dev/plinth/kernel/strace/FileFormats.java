package dev.plinth.kernel.strace;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Openat2;
import dev.plinth.kernel.vfs.linux.Stat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** How arguments of calls that open, make and change files are shown. */
public final class FileFormats {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    /** How many buffers of an array are shown, as strace(1) does by default. */
    private static final int SHOWN_BUFFERS = 32;

    private static final int IOVEC_BYTES = 16;

    /** Where the length of an entry is: {@code d_reclen} of getdents(2) and getdents64(2) alike. */
    private static final int ENTRY_LENGTH = 16;

    private static final long NANOS_PER_MICRO = 1000;
    private static final long UTIME_NOW = (1L << 30) - 1;
    private static final long UTIME_OMIT = (1L << 30) - 2;

    /** Flags of open(2). */
    public static final FlagFormat OPEN_FLAGS =
            new FlagFormat("O_RDONLY", Fcntl.O_ACCMODE)
                    .with(Fcntl.O_WRONLY, "O_WRONLY")
                    .with(Fcntl.O_RDWR, "O_RDWR")
                    .with(Fcntl.O_ACCMODE, "O_ACCMODE")
                    .with(Fcntl.O_CREAT, "O_CREAT")
                    .with(Fcntl.O_EXCL, "O_EXCL")
                    .with(Fcntl.O_NOCTTY, "O_NOCTTY")
                    .with(Fcntl.O_TRUNC, "O_TRUNC")
                    .with(Fcntl.O_APPEND, "O_APPEND")
                    .with(Fcntl.O_NONBLOCK, "O_NONBLOCK")
                    .with(Fcntl.O_SYNC, "O_SYNC")
                    .with(Fcntl.O_DSYNC, "O_DSYNC")
                    .with(Fcntl.O_DIRECT, "O_DIRECT")
                    .with(Fcntl.O_LARGEFILE, "O_LARGEFILE")
                    .with(Fcntl.O_NOFOLLOW, "O_NOFOLLOW")
                    .with(Fcntl.O_NOATIME, "O_NOATIME")
                    .with(Fcntl.O_CLOEXEC, "O_CLOEXEC")
                    .with(Fcntl.O_PATH, "O_PATH")
                    .with(Fcntl.O_TMPFILE, "O_TMPFILE")
                    .with(Fcntl.O_DIRECTORY, "O_DIRECTORY")
                    .with(Fcntl.FASYNC, "FASYNC");

    /** Permissions that open(2) takes behind its flags if it makes a file. */
    public static final ArgumentFormat OPEN_MODE = new OpenMode();

    private static final FlagFormat RESOLVE_FLAGS =
            new FlagFormat("0")
                    .with(Openat2.RESOLVE_NO_XDEV, "RESOLVE_NO_XDEV")
                    .with(Openat2.RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS")
                    .with(Openat2.RESOLVE_NO_SYMLINKS, "RESOLVE_NO_SYMLINKS")
                    .with(Openat2.RESOLVE_BENEATH, "RESOLVE_BENEATH")
                    .with(Openat2.RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT")
                    .with(Openat2.RESOLVE_CACHED, "RESOLVE_CACHED")
                    .family("RESOLVE_???");

    /** The address of a {@code struct open_how}; its size comes behind it. */
    public static final ArgumentFormat OPEN_HOW =
            (out, task, arguments, index, result) -> {
                long address = arguments.longAt(index);
                if (arguments.longAt(index + 1) < Openat2.OPEN_HOW_BYTES) {
                    Formats.appendPointer(out, address);
                } else {
                    StructFormats.appendStruct(
                            out, task, address, Openat2.OPEN_HOW_BYTES, FileFormats::appendOpenHow);
                }
            };

    /** Flags of calls whose names end in {@code at}. */
    public static final ArgumentFormat AT_FLAGS =
            new FlagFormat("0")
                    .with(Fcntl.AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW")
                    .with(Fcntl.AT_REMOVEDIR, "AT_REMOVEDIR")
                    .with(Fcntl.AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW")
                    .with(Fcntl.AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT")
                    .with(Fcntl.AT_EMPTY_PATH, "AT_EMPTY_PATH")
                    .family("AT_???");

    /** Flags of faccessat2(2), where one bit has another name. */
    public static final ArgumentFormat ACCESS_FLAGS =
            new FlagFormat("0")
                    .with(Fcntl.AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW")
                    .with(Fcntl.AT_EACCESS, "AT_EACCESS")
                    .with(Fcntl.AT_EMPTY_PATH, "AT_EMPTY_PATH")
                    .family("AT_???");

    /** What access(2) asks for. */
    public static final ArgumentFormat ACCESS_MODE =
            new FlagFormat("F_OK").with(4, "R_OK").with(2, "W_OK").with(1, "X_OK").family("?_OK");

    /** Flags of renameat2(2). */
    public static final ArgumentFormat RENAME_FLAGS =
            new FlagFormat("0")
                    .with(Fs.RENAME_NOREPLACE, "RENAME_NOREPLACE")
                    .with(Fs.RENAME_EXCHANGE, "RENAME_EXCHANGE")
                    .with(Fs.RENAME_WHITEOUT, "RENAME_WHITEOUT")
                    .family("RENAME_??");

    private static final NameFormat FILE_TYPE =
            new NameFormat()
                    .with(Stat.S_IFREG, "S_IFREG")
                    .with(Stat.S_IFDIR, "S_IFDIR")
                    .with(Stat.S_IFLNK, "S_IFLNK")
                    .with(Stat.S_IFCHR, "S_IFCHR")
                    .with(Stat.S_IFBLK, "S_IFBLK")
                    .with(Stat.S_IFIFO, "S_IFIFO")
                    .with(Stat.S_IFSOCK, "S_IFSOCK");

    /** A type and permissions, such as mknod(2) takes. */
    public static final ArgumentFormat TYPE_AND_MODE =
            (out, task, arguments, index, result) -> appendMode(out, arguments.intAt(index));

    /** A device number, which mknod(2) takes behind the mode if it makes a device. */
    public static final ArgumentFormat DEVICE = new Device();

    /** Where lseek(2) counts from. */
    public static final ArgumentFormat WHENCE =
            NameFormat.ofList("SEEK_SET", "SEEK_CUR", "SEEK_END", "SEEK_DATA", "SEEK_HOLE")
                    .family("SEEK_???");

    /** Buffers whose bytes the call reads; their number comes behind the address. */
    public static final ArgumentFormat IOVEC_IN =
            (out, task, arguments, index, result) ->
                    appendBuffers(out, task, arguments, index, Long.MAX_VALUE);

    /** Buffers whose bytes the call fills in; their number comes behind the address. */
    public static final ArgumentFormat IOVEC_OUT =
            Formats.output((out, task, arguments, index, result) ->
                    appendBuffers(out, task, arguments, index, result));

    /** The upper half of an offset, which 64-bit programs pass for nothing. */
    public static final ArgumentFormat UPPER_OFFSET =
            Formats.shownIf(arguments -> false, Formats.HEX);

    /** Flags of preadv2(2) and pwritev2(2). */
    public static final ArgumentFormat RWF_FLAGS =
            new FlagFormat("0")
                    .with(1, "RWF_HIPRI")
                    .with(2, "RWF_DSYNC")
                    .with(4, "RWF_SYNC")
                    .with(8, "RWF_NOWAIT")
                    .with(0x10, "RWF_APPEND")
                    .family("RWF_???");

    /** The address of entries of a directory: how many there are. */
    public static final ArgumentFormat ENTRIES_OUT = Formats.output(FileFormats::appendEntryCount);

    /** The address of two {@code struct timespec}, an access and a modification time. */
    public static final ArgumentFormat FILE_TIMESPECS =
            StructFormats.in(4 * Long.BYTES, (out, times) -> appendTimes(out, times, "tv_nsec", 1));

    /** The address of two {@code struct timeval}, an access and a modification time. */
    public static final ArgumentFormat FILE_TIMEVALS =
            StructFormats.in(
                    4 * Long.BYTES,
                    (out, times) -> appendTimes(out, times, "tv_usec", NANOS_PER_MICRO));

    /** The address of a {@code struct utimbuf}. */
    public static final ArgumentFormat UTIMBUF =
            StructFormats.in(
                    2 * Long.BYTES,
                    (out, times) -> {
                        out.append("{actime=").append(times.get(LONG, 0));
                        appendDate(out, times.get(LONG, 0), 0, "");
                        out.append(", modtime=").append(times.get(LONG, Long.BYTES));
                        appendDate(out, times.get(LONG, Long.BYTES), 0, "");
                        out.append('}');
                    });

    private FileFormats() {}

    private static final class OpenMode implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            Formats.appendMode(out, arguments.intAt(index));
        }

        @Override
        public boolean isShown(SyscallArguments arguments, int index) {
            int flags = arguments.intAt(index - 1);
            return (flags & (Fcntl.O_CREAT | Fcntl.__O_TMPFILE)) != 0;
        }
    }

    private static void appendOpenHow(StringBuilder out, MemorySegment how) {
        long flags = how.get(LONG, 0);
        out.append("{flags=");
        OPEN_FLAGS.append(out, flags);
        if ((flags & (Fcntl.O_CREAT | Fcntl.__O_TMPFILE)) != 0) {
            out.append(", mode=");
            Formats.appendMode(out, (int) how.get(LONG, Long.BYTES));
        }
        out.append(", resolve=");
        RESOLVE_FLAGS.append(out, how.get(LONG, 2 * Long.BYTES));
        out.append('}');
    }

    /** Appends a type and permissions: {@code S_IFREG|0644}. */
    static void appendMode(StringBuilder out, int mode) {
        if ((mode & Stat.S_IFMT) != 0) {
            FILE_TYPE.append(out, mode & Stat.S_IFMT);
            out.append('|');
        }
        Formats.appendMode(out, mode & ~Stat.S_IFMT);
    }

    /** Appends a device number: {@code makedev(0x1, 0x3)}. */
    static void appendDevice(StringBuilder out, DeviceNumber device) {
        out.append("makedev(");
        Formats.appendHex(out, device.major());
        out.append(", ");
        Formats.appendHex(out, device.minor());
        out.append(')');
    }

    /** Whether a mode is that of a device. */
    static boolean isDevice(int mode) {
        int type = mode & Stat.S_IFMT;
        return type == Stat.S_IFCHR || type == Stat.S_IFBLK;
    }

    private static final class Device implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            appendDevice(out, DeviceNumber.decode(arguments.longAt(index) & 0xffffffffL));
        }

        @Override
        public boolean isShown(SyscallArguments arguments, int index) {
            return isDevice(arguments.intAt(index - 1));
        }
    }

    private static void appendBuffers(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long bytes) {
        long address = arguments.longAt(index);
        long count = arguments.longAt(index + 1);
        int shown = Math.clamp(count, 0, SHOWN_BUFFERS);
        StructFormats.appendStruct(
                out,
                task,
                address,
                shown * IOVEC_BYTES,
                (text, buffers) -> {
                    long left = bytes;
                    text.append('[');
                    for (int i = 0; i < shown; i++) {
                        long base = buffers.get(LONG, (long) i * IOVEC_BYTES);
                        long length = buffers.get(LONG, (long) i * IOVEC_BYTES + Long.BYTES);
                        text.append(i == 0 ? "{iov_base=" : ", {iov_base=");
                        Formats.appendBytes(text, task, base, Math.min(length, left));
                        text.append(", iov_len=").append(Long.toUnsignedString(length)).append('}');
                        left -= Math.min(length, left);
                    }
                    text.append(shown < count ? ", ...]" : "]");
                });
    }

    private static void appendEntryCount(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        long address = arguments.longAt(index);
        Formats.appendPointer(out, address);
        int count = 0;
        try {
            for (long at = 0; at < result; count++) {
                int length =
                        Short.toUnsignedInt(
                                task.guestMemory().readShort(address + at + ENTRY_LENGTH));
                if (length == 0) {
                    return;
                }
                at += length;
            }
        } catch (ErrnoException e) {
            // Another thread of the guest took the memory away: the address has to do.
            return;
        }
        out.append(" /* ").append(count).append(count == 1 ? " entry */" : " entries */");
    }

    private static void appendTimes(
            StringBuilder out, MemorySegment times, String fraction, long nanosPerUnit) {
        out.append('[');
        for (int i = 0; i < 2; i++) {
            long seconds = times.get(LONG, 2L * i * Long.BYTES);
            long units = times.get(LONG, (2L * i + 1) * Long.BYTES);
            out.append(i == 0 ? "" : ", ");
            if (nanosPerUnit == 1 && units == UTIME_NOW) {
                out.append("UTIME_NOW");
            } else if (nanosPerUnit == 1 && units == UTIME_OMIT) {
                out.append("UTIME_OMIT");
            } else {
                out.append("{tv_sec=").append(seconds).append(", ").append(fraction).append('=');
                out.append(Long.toUnsignedString(units)).append('}');
                appendDate(out, seconds, units, nanosPerUnit == 1 ? ".SSSSSSSSS" : ".SSSSSS");
            }
        }
        out.append(']');
    }

    /** A comment that says when it was, unless it was never or cannot be said. */
    private static void appendDate(
            StringBuilder out, long seconds, long units, String fractionPattern) {
        long unitsPerSecond =
                switch (fractionPattern.length()) {
                    case 0 -> 1;
                    case 7 -> 1_000_000;
                    default -> 1_000_000_000;
                };
        boolean sayable =
                (seconds != 0 || units != 0)
                        && seconds > Instant.MIN.getEpochSecond()
                        && seconds < Instant.MAX.getEpochSecond()
                        && units >= 0
                        && units < unitsPerSecond;
        if (!sayable) {
            return;
        }
        String fraction = units == 0 ? "" : fractionPattern;
        Instant when = Instant.ofEpochSecond(seconds, units * (1_000_000_000 / unitsPerSecond));
        out.append(" /* ")
                .append(
                        DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss" + fraction + "xx")
                                .withZone(ZoneOffset.UTC)
                                .format(when))
                .append(" */");
    }
}
