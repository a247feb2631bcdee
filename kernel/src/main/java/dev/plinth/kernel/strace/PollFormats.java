package dev.plinth.kernel.strace;

import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;

/**
 * How poll(2), select(2) and their kin are shown: what is waited for in the arguments, what was
 * ready and what time was left behind the result.
 */
public final class PollFormats {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** How many elements of an array are shown, as strace(1) does by default. */
    private static final int SHOWN = 32;

    /** {@code struct pollfd}: int fd, short events, short revents. */
    private static final int POLLFD_BYTES = 8;

    private static final int EVENTS = 4;
    private static final int REVENTS = 6;

    /** Descriptors beyond this are not looked for in sets: nobody has so many. */
    private static final int MAX_SET_BITS = 1 << 16;

    private static final FlagFormat POLL_EVENTS =
            new FlagFormat("0")
                    .with(Poll.POLLIN, "POLLIN")
                    .with(Poll.POLLPRI, "POLLPRI")
                    .with(Poll.POLLOUT, "POLLOUT")
                    .with(Poll.POLLERR, "POLLERR")
                    .with(Poll.POLLHUP, "POLLHUP")
                    .with(Poll.POLLNVAL, "POLLNVAL")
                    .with(Poll.POLLRDNORM, "POLLRDNORM")
                    .with(Poll.POLLRDBAND, "POLLRDBAND")
                    .with(Poll.POLLWRNORM, "POLLWRNORM")
                    .with(Poll.POLLWRBAND, "POLLWRBAND")
                    .with(Poll.POLLMSG, "POLLMSG")
                    .with(0x1000, "POLLREMOVE")
                    .with(Poll.POLLRDHUP, "POLLRDHUP");

    /** The address of an array of {@code struct pollfd}; their number comes behind it. */
    public static final ArgumentFormat POLL_FDS = new PollFds();

    /** The address of the first set of select(2), of descriptors to read from. */
    public static final ArgumentFormat READ_SET = new FdSet("in");

    /** The address of the second set of select(2), of descriptors to write to. */
    public static final ArgumentFormat WRITE_SET = new FdSet("out");

    /** The address of the third set of select(2), of descriptors with exceptions. */
    public static final ArgumentFormat EXCEPTION_SET = new FdSet("except");

    /** The address of a {@code struct timespec} that says how long, and is told what is left. */
    public static final ArgumentFormat TIMESPEC = new TimeLeft(StructFormats.TIMESPEC_IN);

    /** The address of a {@code struct timeval} that says how long, and is told what is left. */
    public static final ArgumentFormat TIMEVAL = new TimeLeft(StructFormats.TIMEVAL_IN);

    /** The address of the pair that pselect6(2) takes: a signal set's address, and its size. */
    public static final ArgumentFormat PACKED_SIGNAL_SET =
            (out, task, arguments, index, result) ->
                    StructFormats.appendStruct(
                            out,
                            task,
                            arguments.longAt(index),
                            2 * Long.BYTES,
                            (text, pair) -> appendPack(text, task, pair));

    private PollFormats() {}

    private static void appendPack(StringBuilder out, Task task, MemorySegment pair) {
        out.append("{sigmask=");
        StructFormats.appendStruct(
                out, task, pair.get(LONG, 0), SignalSet.BYTES, SignalFormats::appendSet);
        out.append(", sigsetsize=").append(pair.get(LONG, Long.BYTES)).append('}');
    }

    private static final class PollFds implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            long count = Integer.toUnsignedLong(arguments.intAt(index + 1));
            long address = arguments.longAt(index);
            int shown = (int) Math.min(count, SHOWN);
            StructFormats.appendStruct(
                    out,
                    task,
                    address,
                    shown * POLLFD_BYTES,
                    (text, array) -> appendEvents(text, array, shown < count));
        }

        private static void appendEvents(StringBuilder out, MemorySegment array, boolean more) {
            out.append('[');
            for (int at = 0; at < array.byteSize(); at += POLLFD_BYTES) {
                int fd = array.get(INT, at);
                out.append(at == 0 ? "{fd=" : ", {fd=").append(fd);
                if (fd >= 0) {
                    out.append(", events=");
                    POLL_EVENTS.append(out, Short.toUnsignedInt(array.get(SHORT, at + EVENTS)));
                }
                out.append('}');
            }
            out.append(more ? ", ...]" : "]");
        }

        @Override
        public void appendOutcome(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            if (result == 0) {
                out.append("Timeout");
                return;
            }
            int count = (int) Math.min(Integer.toUnsignedLong(arguments.intAt(index + 1)), 1 << 20);
            StructFormats.appendStruct(
                    out,
                    task,
                    arguments.longAt(index),
                    count * POLLFD_BYTES,
                    PollFds::appendReturnedEvents);
        }

        private static void appendReturnedEvents(StringBuilder out, MemorySegment array) {
            int shown = 0;
            out.append('[');
            for (int at = 0; at < array.byteSize(); at += POLLFD_BYTES) {
                int events = Short.toUnsignedInt(array.get(SHORT, at + REVENTS));
                if (events == 0 || array.get(INT, at) < 0) {
                    continue;
                }
                out.append(shown == 0 ? "" : ", ");
                if (shown++ == SHOWN) {
                    out.append("...");
                    break;
                }
                out.append("{fd=").append(array.get(INT, at)).append(", revents=");
                POLL_EVENTS.append(out, events);
                out.append('}');
            }
            out.append(']');
        }
    }

    private record FdSet(String name) implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            if (arguments.intAt(0) < 0) {
                Formats.appendPointer(out, arguments.longAt(index));
            } else {
                appendSet(out, task, arguments, index);
            }
        }

        @Override
        public void appendOutcome(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            if (result == 0) {
                out.append(name.equals("in") ? "Timeout" : "");
                return;
            }
            StringBuilder set = new StringBuilder();
            appendSet(set, task, arguments, index);
            if (arguments.longAt(index) != 0 && !set.toString().equals("[]")) {
                out.append(name).append(' ').append(set);
            }
        }

        private static void appendSet(
                StringBuilder out, Task task, SyscallArguments arguments, int index) {
            int count = Math.min(arguments.intAt(0), MAX_SET_BITS);
            StructFormats.appendStruct(
                    out,
                    task,
                    arguments.longAt(index),
                    (count + Long.SIZE - 1) / Long.SIZE * Long.BYTES,
                    (text, bytes) -> {
                        BitSet set = BitSet.valueOf(bytes.toArray(ValueLayout.JAVA_BYTE));
                        int[] fds = set.stream().filter(fd -> fd < count).toArray();
                        text.append(Arrays.toString(fds).replace(",", ""));
                    });
        }
    }

    private record TimeLeft(ArgumentFormat time) implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            time.append(out, task, arguments, index, result);
        }

        @Override
        public void appendOutcome(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            if (result > 0 && arguments.longAt(index) != 0) {
                out.append("left ");
                time.append(out, task, arguments, index, result);
            }
        }
    }
}
