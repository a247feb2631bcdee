package dev.plinth.kernel.strace;

import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;

import java.util.HashMap;
import java.util.Map;

/** A number that has a name, such as a command or a clock. */
public final class NameFormat implements ArgumentFormat {
    private final Map<Integer, String> names = new HashMap<>();
    private String family = "";

    /** Names a value. */
    public NameFormat with(int value, String name) {
        names.put(value, name);
        return this;
    }

    /** Names consecutive values from zero on. */
    public static NameFormat ofList(String... names) {
        NameFormat format = new NameFormat();
        for (int value = 0; value < names.length; value++) {
            format.with(value, names[value]);
        }
        return format;
    }

    /**
     * Says what the names have in common, for a comment on a value without a name.
     *
     * @param pattern such as {@code SEEK_???}
     */
    public NameFormat family(String pattern) {
        family = pattern;
        return this;
    }

    @Override
    public void append(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        append(out, arguments.intAt(index));
    }

    /** Appends the name of a value. */
    public void append(StringBuilder out, int value) {
        String name = names.get(value);
        if (name != null) {
            out.append(name);
            return;
        }
        out.append("0x").append(Integer.toHexString(value));
        if (!family.isEmpty()) {
            out.append(" /* ").append(family).append(" */");
        }
    }
}
