package dev.plinth.kernel.strace;

import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.UtsName;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;

/** How names, limits and usage of the machine are shown. */
public final class SystemFormats {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** {@code sizeof(struct sysinfo)}, {@code sizeof(struct rusage)}. */
    private static final int SYSINFO_BYTES = 112;

    private static final int RUSAGE_BYTES = 144;

    private static final int KIB = 1024;

    /** How many groups are shown, as strace(1) does by default. */
    private static final int SHOWN_GROUPS = 32;

    /** The address of a {@code struct utsname} that the call fills in: its first fields. */
    public static final ArgumentFormat UTSNAME_OUT =
            StructFormats.out(2 * UtsName.FIELD_BYTES, SystemFormats::appendNames);

    /** The address of a {@code struct rlimit} that the call reads. */
    public static final ArgumentFormat LIMIT_IN =
            StructFormats.in(2 * Long.BYTES, SystemFormats::appendLimits);

    /** The address of a {@code struct rlimit} that the call fills in. */
    public static final ArgumentFormat LIMIT_OUT = Formats.output(LIMIT_IN);

    /** The address of a {@code struct sysinfo} that the call fills in. */
    public static final ArgumentFormat SYSINFO_OUT =
            StructFormats.out(SYSINFO_BYTES, SystemFormats::appendSysinfo);

    /** Whose usage getrusage(2) tells. */
    public static final ArgumentFormat USAGE_WHO =
            NameFormat.ofList("RUSAGE_SELF", "RUSAGE_THREAD")
                    .with(-1, "RUSAGE_CHILDREN")
                    .family("RUSAGE_???");

    /** The address of a {@code struct rusage} that the call fills in: its first fields. */
    public static final ArgumentFormat USAGE_OUT =
            StructFormats.out(RUSAGE_BYTES, SystemFormats::appendUsage);

    /** The address of a {@code struct tms} that the call fills in. */
    public static final ArgumentFormat TMS_OUT =
            StructFormats.out(4 * Long.BYTES, SystemFormats::appendTms);

    /** What getpriority(2) asks about. */
    public static final ArgumentFormat PRIORITY_WHICH =
            NameFormat.ofList("PRIO_PROCESS", "PRIO_PGRP", "PRIO_USER").family("PRIO_???");

    /** The address of a set of processors that the call fills in; its result is the set's size. */
    public static final ArgumentFormat PROCESSORS_OUT =
            Formats.output((out, task, arguments, index, result) ->
                    StructFormats.appendStruct(
                            out,
                            task,
                            arguments.longAt(index),
                            (int) result,
                            SystemFormats::appendProcessors));

    /** The address of group numbers that the call fills in; its result is how many there are. */
    public static final ArgumentFormat GROUPS_OUT = Formats.output(SystemFormats::appendGroups);

    private SystemFormats() {}

    private static void appendNames(StringBuilder out, MemorySegment name) {
        out.append("{sysname=\"").append(name.getString(0));
        out.append("\", nodename=\"").append(name.getString(UtsName.FIELD_BYTES));
        out.append("\", ...}");
    }

    private static void appendLimits(StringBuilder out, MemorySegment limit) {
        out.append("{rlim_cur=");
        appendLimit(out, limit.get(LONG, 0));
        out.append(", rlim_max=");
        appendLimit(out, limit.get(LONG, Long.BYTES));
        out.append('}');
    }

    private static void appendLimit(StringBuilder out, long limit) {
        if (limit == -1) {
            out.append("RLIM64_INFINITY");
        } else if (Long.compareUnsigned(limit, KIB) > 0
                && Long.remainderUnsigned(limit, KIB) == 0) {
            out.append(Long.toUnsignedString(Long.divideUnsigned(limit, KIB))).append("*1024");
        } else {
            out.append(Long.toUnsignedString(limit));
        }
    }

    private static void appendSysinfo(StringBuilder out, MemorySegment info) {
        String[] memory = {
            "totalram", "freeram", "sharedram", "bufferram", "totalswap", "freeswap",
        };
        out.append("{uptime=").append(info.get(LONG, 0));
        out.append(", loads=[").append(info.get(LONG, 8)).append(", ").append(info.get(LONG, 16));
        out.append(", ").append(info.get(LONG, 24)).append(']');
        for (int i = 0; i < memory.length; i++) {
            out.append(", ").append(memory[i]).append('=');
            out.append(info.get(LONG, 32 + (long) i * Long.BYTES));
        }
        out.append(", procs=").append(Short.toUnsignedInt(info.get(SHORT, 80)));
        out.append(", totalhigh=").append(info.get(LONG, 88));
        out.append(", freehigh=").append(info.get(LONG, 96));
        out.append(", mem_unit=").append(info.get(INT, 104)).append('}');
    }

    private static void appendUsage(StringBuilder out, MemorySegment usage) {
        out.append("{ru_utime=");
        StructFormats.appendTimeval(out, usage);
        out.append(", ru_stime=");
        StructFormats.appendTimeval(out, usage.asSlice(2 * Long.BYTES));
        out.append(", ...}");
    }

    private static void appendTms(StringBuilder out, MemorySegment times) {
        String[] names = {"tms_utime", "tms_stime", "tms_cutime", "tms_cstime"};
        for (int i = 0; i < names.length; i++) {
            out.append(i == 0 ? "{" : ", ").append(names[i]).append('=');
            out.append(times.get(LONG, (long) i * Long.BYTES));
        }
        out.append('}');
    }

    private static void appendProcessors(StringBuilder out, MemorySegment bytes) {
        int[] processors = BitSet.valueOf(bytes.toArray(ValueLayout.JAVA_BYTE)).stream().toArray();
        out.append(Arrays.toString(processors).replace(",", ""));
    }

    private static void appendGroups(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        int shown = (int) Math.min(result, SHOWN_GROUPS);
        boolean asked = arguments.intAt(index - 1) > 0;
        if (!asked) {
            Formats.appendPointer(out, arguments.longAt(index));
            return;
        }
        StructFormats.appendStruct(
                out,
                task,
                arguments.longAt(index),
                shown * Integer.BYTES,
                (text, groups) -> {
                    text.append('[');
                    for (int i = 0; i < shown; i++) {
                        text.append(i == 0 ? "" : ", ");
                        text.append(Integer.toUnsignedLong(groups.get(INT, 4L * i)));
                    }
                    text.append(shown < result ? ", ...]" : "]");
                });
    }
}
