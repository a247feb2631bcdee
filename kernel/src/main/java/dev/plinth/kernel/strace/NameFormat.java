package dev.plinth.kernel.strace;

import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;

import java.util.HashMap;
import java.util.Map;

/** A number that has a name, such as a command or a clock. */
public final class NameFormat implements ArgumentFormat {
    private final Map<Integer, String> names = new HashMap<>();

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

    @Override
    public void append(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        int value = arguments.intAt(index);
        String name = names.get(value);
        if (name == null) {
            out.append("0x").append(Integer.toHexString(value));
        } else {
            out.append(name);
        }
    }
}
