package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.cred.CapabilitySets;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.Ids;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.mm.MemoryUsage;
import dev.plinth.kernel.mm.ProgramAreas;
import dev.plinth.kernel.vfs.DeviceNumber;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.StringJoiner;

/** The texts of the files in the directory of a process or thread; see proc(5). */
final class ProcessTexts {
    private static final int NANOS_PER_TICK = 10_000_000;
    private static final int KIB_PER_PAGE = Pages.SIZE / 1024;

    /** Where the name of a mapping stands in a line of maps. */
    private static final int NAME_COLUMN = 73;

    private static final String[] LIMIT_NAMES = {
        "Max cpu time",
        "Max file size",
        "Max data size",
        "Max stack size",
        "Max core file size",
        "Max resident set",
        "Max processes",
        "Max open files",
        "Max locked memory",
        "Max address space",
        "Max file locks",
        "Max pending signals",
        "Max msgqueue size",
        "Max nice priority",
        "Max realtime priority",
        "Max realtime timeout",
    };

    private static final String[] LIMIT_UNITS = {
        "seconds", "bytes", "bytes", "bytes", "bytes", "bytes", "processes", "files",
        "bytes", "bytes", "locks", "signals", "bytes", "", "", "us",
    };

    private final ProcessView process;
    private final int tid;

    ProcessTexts(ProcessView process, int tid) {
        this.process = process;
        this.tid = tid;
    }

    byte[] comm() {
        return (name() + "\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    private String name() {
        return new String(process.name(tid), StandardCharsets.ISO_8859_1);
    }

    String maps() {
        StringBuilder text = new StringBuilder();
        for (MappingInfo mapping : process.mappings()) {
            DeviceNumber device = DeviceNumber.decode(mapping.device());
            int start = text.length();
            text.append(
                    "%08x-%08x %s%s %08x %02x:%02x %d "
                            .formatted(
                                    mapping.range().start(),
                                    mapping.range().end(),
                                    mapping.access().symbols(),
                                    mapping.shared() ? "s" : "p",
                                    mapping.offset(),
                                    device.major(),
                                    device.minor(),
                                    mapping.inode()));
            if (!mapping.name().isEmpty()) {
                int padding = NAME_COLUMN - (text.length() - start);
                text.append(" ".repeat(Math.max(0, padding))).append(mapping.name());
            }
            text.append('\n');
        }
        return text.toString();
    }

    String limits() {
        StringBuilder text = new StringBuilder();
        text.append(
                "%-26s%-21s%-21s%-10s%n".formatted("Limit", "Soft Limit", "Hard Limit", "Units"));
        List<long[]> limits = process.limits();
        for (int i = 0; i < LIMIT_NAMES.length; i++) {
            text.append(
                    "%-26s%-21s%-21s%-10s%n"
                            .formatted(
                                    LIMIT_NAMES[i],
                                    limit(limits.get(i)[0]),
                                    limit(limits.get(i)[1]),
                                    LIMIT_UNITS[i]));
        }
        return text.toString();
    }

    private static String limit(long value) {
        return value == -1 ? "unlimited" : Long.toUnsignedString(value);
    }

    String statm() {
        MemoryUsage usage = process.memoryUsage();
        return "%d %d %d %d 0 %d 0\n"
                .formatted(
                        usage.size(),
                        usage.resident(),
                        usage.residentFile(),
                        usage.executable(),
                        usage.data() + usage.stack());
    }

    /** All 52 fields of proc_pid_stat(5); those that are not known are zero. */
    String stat() {
        MemoryUsage usage = process.memoryUsage();
        ProgramAreas program = process.program();
        ProcessView.SignalSets signals = process.signals(tid);
        StringJoiner text = new StringJoiner(" ", "", "\n");
        text.add(String.valueOf(tid)).add("(" + name() + ")").add("R");
        addAll(text, process.parentPid(), process.pid(), process.pid(), 0, -1, 0);
        addAll(text, 0, 0, 0, 0, 0, 0, 0, 0);
        addAll(text, 20, 0, process.threads().size(), 0, process.startNanos() / NANOS_PER_TICK);
        addAll(text, usage.size() * Pages.SIZE, usage.resident(), -1);
        addAll(text, program.code().start(), program.code().end(), program.stackStart(), 0, 0);
        addAll(text, signals.pending(), signals.blocked(), signals.ignored(), signals.caught());
        addAll(text, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0);
        addAll(text, program.data().start(), program.data().end(), 0);
        addAll(text, program.arguments().start(), program.arguments().end());
        addAll(text, program.environment().start(), program.environment().end(), 0);
        return text.toString();
    }

    private static void addAll(StringJoiner text, long... values) {
        for (long value : values) {
            text.add(value == -1 ? "-1" : Long.toUnsignedString(value));
        }
    }

    String status() {
        Credentials credentials = process.credentials();
        StringBuilder text = new StringBuilder();
        append(text, "Name", name());
        append(text, "Umask", "%04o".formatted(process.umask()));
        append(text, "State", "R (running)");
        append(text, "Tgid", process.pid());
        append(text, "Ngid", 0);
        append(text, "Pid", tid);
        append(text, "PPid", process.parentPid());
        append(text, "TracerPid", 0);
        append(text, "Uid", ids(credentials.uids()));
        append(text, "Gid", ids(credentials.gids()));
        append(text, "FDSize", Math.max(64, process.descriptors().size()));
        StringBuilder groups = new StringBuilder();
        credentials.groups().forEach(group -> groups.append(group).append(' '));
        append(text, "Groups", groups.toString());
        appendMemory(text);
        append(text, "Threads", process.threads().size());
        appendSignals(text);
        appendCapabilities(text, credentials.capabilities());
        append(text, "NoNewPrivs", 1);
        append(text, "Seccomp", 0);
        append(text, "voluntary_ctxt_switches", 0);
        append(text, "nonvoluntary_ctxt_switches", 0);
        return text.toString();
    }

    private void appendMemory(StringBuilder text) {
        MemoryUsage usage = process.memoryUsage();
        appendPages(text, "VmPeak", usage.peakSize());
        appendPages(text, "VmSize", usage.size());
        appendPages(text, "VmLck", usage.locked());
        appendPages(text, "VmPin", 0);
        appendPages(text, "VmHWM", usage.peakResident());
        appendPages(text, "VmRSS", usage.resident());
        appendPages(text, "RssAnon", usage.resident() - usage.residentFile());
        appendPages(text, "RssFile", usage.residentFile());
        appendPages(text, "RssShmem", 0);
        appendPages(text, "VmData", usage.data());
        appendPages(text, "VmStk", usage.stack());
        appendPages(text, "VmExe", usage.executable());
        appendPages(text, "VmLib", 0);
        appendPages(text, "VmPTE", 0);
        appendPages(text, "VmSwap", 0);
    }

    private void appendSignals(StringBuilder text) {
        ProcessView.SignalSets signals = process.signals(tid);
        append(text, "SigQ", "0/" + limit(process.limits().get(11)[0]));
        append(text, "SigPnd", hex(signals.pending()));
        append(text, "ShdPnd", hex(signals.shared()));
        append(text, "SigBlk", hex(signals.blocked()));
        append(text, "SigIgn", hex(signals.ignored()));
        append(text, "SigCgt", hex(signals.caught()));
    }

    private static void appendCapabilities(StringBuilder text, CapabilitySets sets) {
        append(text, "CapInh", hex(sets.inheritable()));
        append(text, "CapPrm", hex(sets.permitted()));
        append(text, "CapEff", hex(sets.effective()));
        append(text, "CapBnd", hex(sets.bounding()));
        append(text, "CapAmb", hex(sets.ambient()));
    }

    private static String ids(Ids ids) {
        return "%d\t%d\t%d\t%d"
                .formatted(ids.real(), ids.effective(), ids.saved(), ids.fileSystem());
    }

    private static String hex(long set) {
        return "%016x".formatted(set);
    }

    private static void append(StringBuilder text, String name, Object value) {
        text.append(name).append(":\t").append(value).append('\n');
    }

    private static void appendPages(StringBuilder text, String name, long pages) {
        append(text, name, "%8d kB".formatted(pages * KIB_PER_PAGE));
    }
}
