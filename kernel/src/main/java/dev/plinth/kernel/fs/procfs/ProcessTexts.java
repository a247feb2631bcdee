package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.cred.CapabilitySets;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.Ids;
import dev.plinth.kernel.mm.MemoryUsage;
import dev.plinth.kernel.mm.ProgramAreas;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/** The texts of the files in the directory of a process or thread; see proc(5). */
final class ProcessTexts {
    private static final int NANOS_PER_TICK = 10_000_000;
    private static final int KIB_PER_PAGE = Pages.SIZE / 1024;
    private static final int RLIMIT_SIGPENDING = 11;

    /** {@code PF_FORKNOEXEC} and the like are not told. */
    private static final int NO_FLAGS = 0;

    private static final int NORMAL_PRIORITY = 20;
    private static final int SIGCHLD = 17;

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
    private final ThreadView thread;
    private final boolean wholeProcess;

    /**
     * The texts of a thread, or of its process as told for its first thread.
     *
     * @param wholeProcess whether times are those of all threads
     */
    ProcessTexts(ProcessView process, ThreadView thread, boolean wholeProcess) {
        this.process = process;
        this.thread = thread;
        this.wholeProcess = wholeProcess;
    }

    private String name() {
        return new String(thread.name(), StandardCharsets.ISO_8859_1);
    }

    private ProcessView.CpuTime cpuTime() {
        return wholeProcess ? process.cpuTime() : thread.cpuTime();
    }

    String limits() {
        StringBuilder text = new StringBuilder();
        text.append(
                "%-25s %-20s %-20s %-10s\n"
                        .formatted("Limit", "Soft Limit", "Hard Limit", "Units"));
        List<long[]> limits = process.limits();
        for (int i = 0; i < LIMIT_NAMES.length; i++) {
            text.append(
                    "%-25s %-20s %-20s %-10s\n"
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
        Optional<MemoryUsage> usage = process.memoryUsage();
        if (usage.isEmpty()) {
            return "0 0 0 0 0 0 0\n";
        }
        MemoryUsage pages = usage.get();
        return "%d %d %d %d 0 %d 0\n"
                .formatted(
                        pages.size(),
                        pages.resident(),
                        pages.residentFile(),
                        pages.executable(),
                        pages.data() + pages.stack());
    }

    /** All 52 fields of proc_pid_stat(5); those that are not known are zero. */
    String stat() {
        ProgramAreas program = process.program();
        ThreadView.SignalSets signals = thread.signals();
        ProcessView.CpuTime time = cpuTime();
        ProcessView.CpuTime ofChildren = process.childCpuTime();
        StringJoiner text = new StringJoiner(" ", "", "\n");
        text.add(String.valueOf(thread.tid())).add("(" + name() + ")");
        text.add(String.valueOf(thread.state().letter()));
        addAll(text, process.parentPid(), process.processGroup(), process.session());
        addAll(text, process.terminal(), process.terminalGroup(), NO_FLAGS, 0, 0, 0, 0);
        addAll(text, ticks(time.userNanos()), ticks(time.systemNanos()));
        addAll(text, ticks(ofChildren.userNanos()), ticks(ofChildren.systemNanos()));
        addAll(text, NORMAL_PRIORITY, 0, process.threads().size(), 0);
        addAll(text, ticks(process.startNanos()));
        addAll(text, process.memoryUsage().map(usage -> usage.size() * Pages.SIZE).orElse(0L));
        addAll(text, process.memoryUsage().map(MemoryUsage::resident).orElse(0L));
        addAll(text, process.limits().get(5)[0]);
        addAll(text, program.code().start(), program.code().end(), program.stackStart(), 0, 0);
        addAll(text, lower(signals.pending()), lower(signals.blocked()));
        addAll(text, lower(signals.ignored()), lower(signals.caught()));
        addAll(text, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, 0);
        addAll(text, program.data().start(), program.data().end(), 0);
        addAll(text, program.arguments().start(), program.arguments().end());
        addAll(text, program.environment().start(), program.environment().end());
        addAll(text, process.exitCode());
        return text.toString();
    }

    /** The sets of signals are told there without those for real time. */
    private static long lower(long signals) {
        return signals & 0x7fffffffL;
    }

    private static long ticks(long nanos) {
        return nanos / NANOS_PER_TICK;
    }

    private static void addAll(StringJoiner text, long... values) {
        for (long value : values) {
            text.add(value == -1 ? "-1" : Long.toUnsignedString(value));
        }
    }

    String status() {
        Credentials credentials = thread.credentials();
        StringBuilder text = new StringBuilder();
        append(text, "Name", name().replace("\\", "\\\\").replace("\n", "\\n"));
        boolean zombie = process.memoryUsage().isEmpty();
        if (!zombie) {
            append(text, "Umask", "%04o".formatted(thread.umask()));
        }
        append(text, "State", thread.state().text());
        append(text, "Tgid", process.pid());
        append(text, "Ngid", 0);
        append(text, "Pid", thread.tid());
        append(text, "PPid", process.parentPid());
        append(text, "TracerPid", 0);
        append(text, "Uid", ids(credentials.uids()));
        append(text, "Gid", ids(credentials.gids()));
        append(text, "FDSize", zombie ? 0 : Math.max(64, thread.descriptors().size()));
        StringBuilder groups = new StringBuilder();
        credentials
                .groups()
                .forEach(group -> groups.append(Integer.toUnsignedLong(group)).append(' '));
        append(text, "Groups", groups.append(' ').toString());
        append(text, "NStgid", process.pid());
        append(text, "NSpid", thread.tid());
        append(text, "NSpgid", process.processGroup());
        append(text, "NSsid", process.session());
        append(text, "Kthread", 0);
        process.memoryUsage().ifPresent(usage -> appendMemory(text, usage));
        append(text, "Threads", process.threads().size());
        appendSignals(text);
        appendCapabilities(text, credentials.capabilities());
        append(text, "NoNewPrivs", thread.noNewPrivileges() ? 1 : 0);
        append(text, "Seccomp", 0);
        append(text, "Seccomp_filters", 0);
        append(text, "Speculation_Store_Bypass", "not vulnerable");
        append(text, "SpeculationIndirectBranch", "not affected");
        append(text, "Cpus_allowed", "%x".formatted((1L << process.processors()) - 1));
        append(text, "Cpus_allowed_list", list(process.processors()));
        append(text, "Mems_allowed", 1);
        append(text, "Mems_allowed_list", 0);
        append(text, "voluntary_ctxt_switches", 0);
        append(text, "nonvoluntary_ctxt_switches", 0);
        return text.toString();
    }

    /** All numbers below a count, as a list of processors is written. */
    static String list(int count) {
        return count == 1 ? "0" : "0-" + (count - 1);
    }

    private static void appendMemory(StringBuilder text, MemoryUsage usage) {
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
        appendPages(text, "HugetlbPages", 0);
        append(text, "CoreDumping", 0);
        append(text, "THP_enabled", 0);
    }

    private void appendSignals(StringBuilder text) {
        ThreadView.SignalSets signals = thread.signals();
        append(
                text,
                "SigQ",
                signals.queued() + "/" + limit(process.limits().get(RLIMIT_SIGPENDING)[0]));
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
        return "%s\t%s\t%s\t%s"
                .formatted(
                        Integer.toUnsignedString(ids.real()),
                        Integer.toUnsignedString(ids.effective()),
                        Integer.toUnsignedString(ids.saved()),
                        Integer.toUnsignedString(ids.fileSystem()));
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

    /** What is read and written is not kept account of. */
    String io() {
        StringBuilder text = new StringBuilder();
        for (String name :
                new String[] {
                    "rchar",
                    "wchar",
                    "syscr",
                    "syscw",
                    "read_bytes",
                    "write_bytes",
                    "cancelled_write_bytes",
                }) {
            text.append(name).append(": 0\n");
        }
        return text.toString();
    }

    String personality() {
        return "%08x\n".formatted(thread.personality());
    }

    String schedstat() {
        return "%d 0 0\n".formatted(thread.cpuTime().totalNanos());
    }

    String timerSlack() {
        return thread.timerSlackNanos() + "\n";
    }

    /** The ids of the first user namespace: all stand for themselves. */
    static String idMap() {
        return "%10d %10d %10s\n".formatted(0, 0, "4294967295");
    }
}
