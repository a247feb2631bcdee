package dev.plinth.kernel.strace;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.task.Task;

/** How structures that arguments point to are shown. */
public final class StructFormats {
    /** The address of a {@code struct timespec} that the call reads. */
    public static final ArgumentFormat TIMESPEC_IN =
            (out, task, arguments, index, result) ->
                    appendTimespec(out, task, arguments.longAt(index));

    /** The address of a {@code struct timespec} that the call fills in. */
    public static final ArgumentFormat TIMESPEC_OUT = Formats.output(TIMESPEC_IN);

    private StructFormats() {}

    private static void appendTimespec(StringBuilder out, Task task, long address) {
        if (address == 0) {
            out.append("NULL");
            return;
        }
        try {
            long seconds = task.guestMemory().readLong(address);
            long nanos = task.guestMemory().readLong(address + Long.BYTES);
            out.append("{tv_sec=").append(seconds).append(", tv_nsec=").append(nanos).append('}');
        } catch (ErrnoException e) {
            Formats.appendPointer(out, address);
        }
    }
}
