package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.ProcessFormats;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ChildEvent;
import dev.plinth.kernel.task.ResourceUsage;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.WaitRequest;
import dev.plinth.kernel.task.linux.Wait;
import dev.plinth.kernel.time.Clock;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/** Waiting for children. */
final class WaitSyscalls implements SyscallFamily {
    private static final int WAIT4_OPTIONS =
            Wait.WNOHANG
                    | Wait.WUNTRACED
                    | Wait.WCONTINUED
                    | Wait.WNOTHREAD
                    | Wait.WCLONE
                    | Wait.WALL;
    private static final int EVENTS = Wait.WEXITED | Wait.WSTOPPED | Wait.WCONTINUED;
    private static final int WAITID_OPTIONS =
            Wait.WNOHANG | Wait.WNOWAIT | EVENTS | Wait.WNOTHREAD | Wait.WCLONE | Wait.WALL;

    /** {@code sizeof(struct rusage)}. */
    private static final int RUSAGE_BYTES = 144;

    private static final ValueLayout.OfInt INT_VALUE = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG_VALUE = ValueLayout.JAVA_LONG_UNALIGNED;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "wait4",
                        WaitSyscalls::wait4,
                        INT,
                        ProcessFormats.WAIT_STATUS,
                        ProcessFormats.WAIT_OPTIONS,
                        SystemFormats.USAGE_OUT),
                partial(
                        "waitid",
                        "not by descriptors of processes",
                        WaitSyscalls::waitid,
                        ProcessFormats.ID_TYPE,
                        INT,
                        POINTER,
                        ProcessFormats.WAIT_OPTIONS,
                        SystemFormats.USAGE_OUT));
    }

    private static long wait4(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int options = arguments.intAt(2);
        PathArguments.requireFlags(options, WAIT4_OPTIONS);
        if (pid == Integer.MIN_VALUE) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        int type = pid == -1 ? Wait.P_ALL : pid > 0 ? Wait.P_PID : Wait.P_PGID;
        int id = pid == 0 ? ownProcessGroup(task) : Math.abs(pid);
        Optional<ChildEvent> event =
                task.kernel().awaitChild(task, new WaitRequest(type, id, options | Wait.WEXITED));
        if (event.isEmpty()) {
            return 0;
        }
        long statusAddress = arguments.longAt(1);
        if (statusAddress != 0) {
            task.guestMemory().writeInt(statusAddress, event.get().waitStatus());
        }
        writeUsage(task, arguments.longAt(3), event.get().usage());
        return event.get().pid();
    }

    private static long waitid(Task task, SyscallArguments arguments) {
        int type = arguments.intAt(0);
        int id = arguments.intAt(1);
        int options = arguments.intAt(3);
        Optional<ChildEvent> event = Optional.empty();
        Optional<ErrnoException> failure = Optional.empty();
        try {
            event = task.kernel().awaitChild(task, request(task, type, id, options));
        } catch (ErrnoException e) {
            failure = Optional.of(e);
        }
        event.ifPresent(found -> writeUsage(task, arguments.longAt(4), found.usage()));
        // Linux fills it in even if the call fails, with zeros.
        if (arguments.longAt(2) != 0) {
            task.guestMemory().copyOut(arguments.longAt(2), info(event));
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
        return 0;
    }

    private static WaitRequest request(Task task, int type, int id, int options) {
        PathArguments.requireFlags(options, WAITID_OPTIONS);
        if ((options & EVENTS) == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return switch (type) {
            case Wait.P_ALL -> new WaitRequest(type, 0, options);
            case Wait.P_PID -> {
                if (id <= 0) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                yield new WaitRequest(type, id, options);
            }
            case Wait.P_PGID -> {
                if (id < 0) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                yield new WaitRequest(type, id == 0 ? ownProcessGroup(task) : id, options);
            }
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    /** The part of {@code siginfo_t} that waitid(2) fills in, 28 bytes. */
    private static byte[] info(Optional<ChildEvent> event) {
        byte[] bytes = new byte[28];
        event.ifPresent(found -> {
            MemorySegment info = MemorySegment.ofArray(bytes);
            info.set(INT_VALUE, 0, Signal.SIGCHLD.number());
            info.set(INT_VALUE, 8, found.code());
            info.set(INT_VALUE, 16, found.pid());
            info.set(INT_VALUE, 20, found.uid());
            info.set(INT_VALUE, 24, found.value());
        });
        return bytes;
    }

    private static void writeUsage(Task task, long address, ResourceUsage usage) {
        if (address != 0) {
            task.guestMemory().copyOut(address, usageBytes(usage));
        }
    }

    /** {@code struct rusage}. */
    static byte[] usageBytes(ResourceUsage usage) {
        byte[] bytes = new byte[RUSAGE_BYTES];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        writeTime(segment, 0, usage.userNanos());
        writeTime(segment, 16, usage.systemNanos());
        segment.set(LONG_VALUE, 32, usage.peakResidentPages() * (Pages.SIZE / 1024));
        return bytes;
    }

    private static void writeTime(MemorySegment target, long at, long nanos) {
        target.set(LONG_VALUE, at, nanos / Clock.NANOS_PER_SECOND);
        target.set(LONG_VALUE, at + Long.BYTES, nanos % Clock.NANOS_PER_SECOND / 1000);
    }

    private static int ownProcessGroup(Task task) {
        return task.kernel().processes().processGroupOf(task.group());
    }
}
