package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.kernel.eventfd.EventCounter;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Location;

import java.util.List;

/** Descriptors that tell of events; fs/eventfd.c. */
final class EventSyscalls implements SyscallFamily {
    private static final int KNOWN_FLAGS =
            EventCounter.SEMAPHORE | EventCounter.CLOSE_ON_EXEC | EventCounter.NON_BLOCKING;

    private static final ArgumentFormat EVENTFD_FLAGS =
            new FlagFormat("0")
                    .with(EventCounter.SEMAPHORE, "EFD_SEMAPHORE")
                    .with(EventCounter.CLOSE_ON_EXEC, "EFD_CLOEXEC")
                    .with(EventCounter.NON_BLOCKING, "EFD_NONBLOCK");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("eventfd", EventSyscalls::eventfd, UNSIGNED),
                supported("eventfd2", EventSyscalls::eventfd2, UNSIGNED, EVENTFD_FLAGS));
    }

    private static long eventfd(Task task, SyscallArguments arguments) {
        return eventfd(task, arguments.intAt(0), 0);
    }

    private static long eventfd2(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(1);
        PathArguments.requireFlags(flags, KNOWN_FLAGS);
        return eventfd(task, arguments.intAt(0), flags);
    }

    private static long eventfd(Task task, int count, int flags) {
        Location location = task.kernel().internal().anonymous().place("eventfd");
        return task.files()
                .open(
                        new EventCounter(location, flags, count),
                        (flags & EventCounter.CLOSE_ON_EXEC) != 0,
                        OpenSyscalls.descriptorLimit(task));
    }
}
