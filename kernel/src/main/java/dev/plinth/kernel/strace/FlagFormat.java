package dev.plinth.kernel.strace;

import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A set of flags: {@code O_RDWR|O_CLOEXEC}, with what has no name in hexadecimal.
 *
 * <p>Made of pairs of a value and a name; the first pairs of the list are tried first, so that a
 * value of several bits stands before its parts.
 */
public final class FlagFormat implements ArgumentFormat {
    private final Map<Long, String> names = new LinkedHashMap<>();
    private final String none;
    private final long mask;
    private String family = "";

    /**
     * A set of flags.
     *
     * @param none what stands for no flag at all
     */
    public FlagFormat(String none) {
        this(none, 0);
    }

    /**
     * A set of flags beside a number.
     *
     * @param none what stands for zero in the number
     * @param mask of the bits that are a number with names of its own, such as an access mode
     */
    public FlagFormat(String none, long mask) {
        this.none = none;
        this.mask = mask;
    }

    /** Names a flag, or a value of the masked number. */
    public FlagFormat with(long value, String name) {
        names.put(value, name);
        return this;
    }

    /**
     * Says what the flags have in common, for a comment where none of them has a name.
     *
     * @param pattern such as {@code AT_???}
     */
    public FlagFormat family(String pattern) {
        family = pattern;
        return this;
    }

    @Override
    public void append(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        append(out, arguments.intAt(index) & 0xffffffffL);
    }

    /** Appends the names of the flags that are set. */
    public void append(StringBuilder out, long value) {
        int start = out.length();
        long left = value & ~mask;
        long number = value & mask;
        if (mask != 0) {
            out.append(
                    names.getOrDefault(
                            number, number == 0 ? none : "0x" + Long.toHexString(number)));
        }
        for (Map.Entry<Long, String> flag : names.entrySet()) {
            long bits = flag.getKey();
            if ((bits & mask) == 0 && bits != 0 && (left & bits) == bits) {
                separate(out, start).append(flag.getValue());
                left &= ~bits;
            }
        }
        if (left != 0) {
            boolean nothingKnown = out.length() == start && !family.isEmpty();
            separate(out, start).append("0x").append(Long.toHexString(left));
            if (nothingKnown) {
                out.append(" /* ").append(family).append(" */");
            }
        } else if (out.length() == start) {
            out.append(none);
        }
    }

    private static StringBuilder separate(StringBuilder out, int start) {
        return out.length() == start ? out : out.append('|');
    }
}
