package dev.plinth.kernel.strace;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.Restart;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How structures that arguments point to are shown: in braces, or as an address where there is none
 * or it cannot be read. The simplest ones of all families are here too.
 */
public final class StructFormats {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final int TIME_BYTES = 2 * Long.BYTES;

    /** The address of a {@code struct timespec} that the call reads. */
    public static final ArgumentFormat TIMESPEC_IN = in(TIME_BYTES, StructFormats::appendTimespec);

    /** The address of a {@code struct timespec} that the call fills in. */
    public static final ArgumentFormat TIMESPEC_OUT = Formats.output(TIMESPEC_IN);

    /** The address of a {@code struct timeval} that the call reads. */
    public static final ArgumentFormat TIMEVAL_IN = in(TIME_BYTES, StructFormats::appendTimeval);

    /** The address of a {@code struct timeval} that the call fills in. */
    public static final ArgumentFormat TIMEVAL_OUT = Formats.output(TIMEVAL_IN);

    /** The address of a {@code struct timespec} that a sleep fills in if a signal ends it. */
    public static final ArgumentFormat REMAINDER_OUT = new Remainder();

    /** The address of an {@code int} that the call fills in. */
    public static final ArgumentFormat INT_OUT =
            out(
                    Integer.BYTES,
                    (out, value) -> out.append('[').append(value.get(INT, 0)).append(']'));

    /** The address of two {@code int}s that the call fills in. */
    public static final ArgumentFormat INT_PAIR_OUT =
            out(
                    2 * Integer.BYTES,
                    (out, value) ->
                            out.append('[')
                                    .append(value.get(INT, 0))
                                    .append(", ")
                                    .append(value.get(INT, Integer.BYTES))
                                    .append(']'));

    /** The address of a {@code long} that the call reads. */
    public static final ArgumentFormat LONG_IN =
            in(Long.BYTES, (out, value) -> out.append('[').append(value.get(LONG, 0)).append(']'));

    /** The address of a {@code long} that the call fills in. */
    public static final ArgumentFormat LONG_OUT = Formats.output(LONG_IN);

    /** The address of an address that the call fills in. */
    public static final ArgumentFormat POINTER_OUT =
            out(
                    Long.BYTES,
                    (out, value) -> {
                        out.append('[');
                        Formats.appendHex(out, value.get(LONG, 0));
                        out.append(']');
                    });

    private StructFormats() {}

    /** Shows the bytes of a structure. */
    interface Body {
        void append(StringBuilder out, MemorySegment struct);
    }

    /** The address of a structure that the call reads. */
    static ArgumentFormat in(int bytes, Body body) {
        return (out, task, arguments, index, result) ->
                appendStruct(out, task, arguments.longAt(index), bytes, body);
    }

    /** The address of a structure that the call fills in. */
    static ArgumentFormat out(int bytes, Body body) {
        return Formats.output(in(bytes, body));
    }

    /** Appends a structure, or the address alone if it cannot be read. */
    static void appendStruct(StringBuilder out, Task task, long address, int bytes, Body body) {
        if (address == 0) {
            out.append("NULL");
            return;
        }
        byte[] copy;
        try {
            copy = task.guestMemory().copyIn(address, bytes);
        } catch (ErrnoException e) {
            Formats.appendPointer(out, address);
            return;
        }
        body.append(out, MemorySegment.ofArray(copy));
    }

    static void appendTimespec(StringBuilder out, MemorySegment time) {
        appendTime(out, time, "tv_nsec");
    }

    static void appendTimeval(StringBuilder out, MemorySegment time) {
        appendTime(out, time, "tv_usec");
    }

    private static void appendTime(StringBuilder out, MemorySegment time, String fraction) {
        out.append("{tv_sec=").append(time.get(LONG, 0));
        out.append(", ").append(fraction).append('=');
        out.append(Long.toUnsignedString(time.get(LONG, Long.BYTES))).append('}');
    }

    /** An address alone, but the structure if a signal broke the call off. */
    private static final class Remainder implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            if (result == -Errno.EINTR.number() || Restart.isRestart(result)) {
                TIMESPEC_IN.append(out, task, arguments, index, result);
            } else {
                Formats.appendPointer(out, arguments.longAt(index));
            }
        }

        @Override
        public boolean isOutput() {
            return true;
        }
    }
}
