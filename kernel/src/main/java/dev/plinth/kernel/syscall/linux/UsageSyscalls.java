package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
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

/** What processes have used. */
final class UsageSyscalls implements SyscallFamily {
    private static final int RUSAGE_CHILDREN = -1;
    private static final int RUSAGE_SELF = 0;
    private static final int RUSAGE_THREAD = 1;

    /** {@code sizeof(struct rusage)}. */
    private static final int RUSAGE_BYTES = 144;

    /** Clock ticks a second, as times(2) counts. */
    private static final long TICKS_PER_SECOND = 100;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "getrusage",
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
        task.guestMemory().copyOut(arguments.longAt(1), bytesOf(usage));
        return 0;
    }

    private static long times(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(0);
        if (address != 0) {
            ResourceUsage own = task.group().usage();
            ResourceUsage children = task.group().childUsage();
            byte[] bytes = new byte[4 * Long.BYTES];
            MemorySegment times = MemorySegment.ofArray(bytes);
            times.setAtIndex(LONG, 0, ticks(own.userNanos()));
            times.setAtIndex(LONG, 1, ticks(own.systemNanos()));
            times.setAtIndex(LONG, 2, ticks(children.userNanos()));
            times.setAtIndex(LONG, 3, ticks(children.systemNanos()));
            task.guestMemory().copyOut(address, bytes);
        }
        return ticks(task.kernel().clock().monotonicNanos());
    }

    private static long ticks(long nanos) {
        return nanos / (Clock.NANOS_PER_SECOND / TICKS_PER_SECOND);
    }

    /** {@code struct rusage}. */
    static byte[] bytesOf(ResourceUsage usage) {
        byte[] bytes = new byte[RUSAGE_BYTES];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        writeTimeval(segment, 0, usage.userNanos());
        writeTimeval(segment, 16, usage.systemNanos());
        segment.set(LONG, 32, usage.peakResidentPages() * (Pages.SIZE / 1024));
        return bytes;
    }

    private static void writeTimeval(MemorySegment target, long at, long nanos) {
        target.set(LONG, at, nanos / Clock.NANOS_PER_SECOND);
        target.set(LONG, at + Long.BYTES, nanos % Clock.NANOS_PER_SECOND / 1000);
    }
}
