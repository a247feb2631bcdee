package dev.plinth.kernel.fs.tmpfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.linux.Stat;

/**
 * The options of a tmpfs, tmpfs(5).
 *
 * @param limitBytes how much content it holds at most
 * @param permissions of the root directory
 * @param uid of its owner
 * @param gid of its group
 */
public record TmpfsOptions(long limitBytes, int permissions, int uid, int gid) {
    private static final int DEFAULT_PERMISSIONS = 01777;

    /**
     * Reads the last argument of mount(2).
     *
     * @param text options with commas between them
     * @param greatestBytes what there is memory for: the limit if none is asked for, or 0 is
     * @throws ErrnoException EINVAL
     */
    public static TmpfsOptions parse(String text, long greatestBytes) {
        TmpfsOptions options = new TmpfsOptions(greatestBytes, DEFAULT_PERMISSIONS, 0, 0);
        for (String option : text.split(",", -1)) {
            if (!option.isEmpty()) {
                options = options.with(option, greatestBytes);
            }
        }
        return options;
    }

    private TmpfsOptions with(String option, long greatestBytes) {
        int equals = option.indexOf('=');
        String name = equals < 0 ? option : option.substring(0, equals);
        String value = equals < 0 ? "" : option.substring(equals + 1);
        return switch (name) {
            case "size" -> withLimit(size(value, greatestBytes), greatestBytes);
            case "nr_blocks" -> withLimit(number(value, 10) * Pages.SIZE, greatestBytes);
            case "mode" ->
                    new TmpfsOptions(
                            limitBytes, (int) number(value, 8) & Stat.PERMISSION_BITS, uid, gid);
            case "uid" -> new TmpfsOptions(limitBytes, permissions, (int) number(value, 10), gid);
            case "gid" -> new TmpfsOptions(limitBytes, permissions, uid, (int) number(value, 10));
            // Inodes are limited by their memory; the others are about pages that we do not have.
            case "nr_inodes", "inode32", "inode64", "huge", "mpol", "noswap" -> this;
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    private TmpfsOptions withLimit(long bytes, long greatestBytes) {
        long limit = bytes <= 0 ? greatestBytes : Math.min(bytes, greatestBytes);
        return new TmpfsOptions(limit, permissions, uid, gid);
    }

    /** {@code memparse}, and a part of the memory in percent. */
    private static long size(String text, long greatestBytes) {
        if (text.isEmpty()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        String digits = text.substring(0, text.length() - 1);
        return switch (text.charAt(text.length() - 1)) {
            case 'k', 'K' -> number(digits, 10) << 10;
            case 'm', 'M' -> number(digits, 10) << 20;
            case 'g', 'G' -> number(digits, 10) << 30;
            case 't', 'T' -> number(digits, 10) << 40;
            case '%' -> greatestBytes / 100 * number(digits, 10);
            default -> number(text, 10);
        };
    }

    private static long number(String text, int radix) {
        try {
            long number = Long.parseLong(text, radix);
            if (number >= 0) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        throw ErrnoException.of(Errno.EINVAL);
    }

    /** An empty file system with these options. */
    public TmpFs make(InodeNumbers numbers, MemoryFile memory, Clock clock) {
        return new TmpFs(
                "tmpfs", numbers, memory, clock, limitBytes, new NewNode(permissions, uid, gid));
    }
}
