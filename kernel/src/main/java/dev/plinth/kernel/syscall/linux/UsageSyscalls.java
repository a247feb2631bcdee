package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ResourceUsage;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** What tasks and processes have used. */
final class UsageSyscalls implements SyscallFamily {
    private static final int RUSAGE_SELF = 0;
    private static final int RUSAGE_CHILDREN = -1;
    private static final int RUSAGE_THREAD = 1;

    /** Clock ticks a second, as times(2) counts. */
    private static final long TICKS_PER_SECOND = 100;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "getrusage",
                        "times and the peak of memory",
                        UsageSyscalls::getrusage,
                        SystemFormats.USAGE_WHO,
                        SystemFormats.USAGE_OUT),
                supported("times", UsageSyscalls::times, SystemFormats.TMS_OUT));
    }

    private static long getrusage(Task task, SyscallArguments arguments) {
        ResourceUsage usage =
                switch (arguments.intAt(0)) {
                    case RUSAGE_SELF -> task.group().usage();
                    case RUSAGE_CHILDREN -> task.group().childUsage();
                    case RUSAGE_THREAD -> task.usage();
                    default -> throw ErrnoException.of(Errno.EINVAL);
                };
        task.guestMemory().copyOut(arguments.longAt(1), WaitSyscalls.usageBytes(usage));
        return 0;
    }

    private static long times(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(0);
        if (address != 0) {
            ResourceUsage own = task.group().usage();
            ResourceUsage childs = task.group().childUsage();
            byte[] bytes = new byte[4 * Long.BYTES];
            MemorySegment tms = MemorySegment.ofArray(bytes);
            long[] values = {
                own.userNanos(), own.systemNanos(), childs.userNanos(), childs.systemNanos(),
            };
            for (int i = 0; i < values.length; i++) {
                tms.set(ValueLayout.JAVA_LONG_UNALIGNED, (long) i * Long.BYTES, ticks(values[i]));
            }
            task.guestMemory().copyOut(address, bytes);
        }
        return ticks(task.kernel().clock().monotonicNanos());
    }

    private static long ticks(long nanos) {
        return nanos / (Clock.NANOS_PER_SECOND / TICKS_PER_SECOND);
    }
}
