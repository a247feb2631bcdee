package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.mm.MemoryUsage;

import java.util.List;

/** The texts of the files in /proc that are about the whole sandbox; see proc(5). */
final class SystemTexts {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int NANOS_PER_CENTISECOND = 10_000_000;
    private static final long BYTES_PER_KIB = 1024;

    private final SystemView system;
    private final LoadAverage load = new LoadAverage();

    SystemTexts(SystemView system) {
        this.system = system;
    }

    String cpuinfo() {
        StringBuilder text = new StringBuilder();
        for (int processor = 0; processor < system.processors(); processor++) {
            text.append("processor\t: ").append(processor).append('\n');
            text.append(system.processorDescription()).append('\n');
        }
        return text.toString();
    }

    String filesystems() {
        StringBuilder text = new StringBuilder();
        system.fileSystems().forEach(type -> text.append("nodev\t").append(type).append('\n'));
        return text.toString();
    }

    String loadavg() {
        ProcessView.CpuTime busy = busy();
        double[] averages = load.at(system.uptimeNanos(), busy.totalNanos());
        long threads = threads().size();
        return "%.2f %.2f %.2f %d/%d %d\n"
                .formatted(
                        averages[0],
                        averages[1],
                        averages[2],
                        running(),
                        threads,
                        system.processes().lastPid());
    }

    private List<ThreadView> threads() {
        return system.processes().all().stream()
                .flatMap(process -> process.threads().stream())
                .toList();
    }

    private long running() {
        return threads().stream()
                .filter(thread -> thread.state() == ThreadView.State.RUNNING)
                .count();
    }

    /** The time that all processes used, and the children that they waited for. */
    private ProcessView.CpuTime busy() {
        ProcessView.CpuTime busy = ProcessView.CpuTime.NONE;
        for (ProcessView process : system.processes().all()) {
            busy = busy.plus(process.cpuTime()).plus(process.childCpuTime());
        }
        return busy;
    }

    String meminfo() {
        long total = system.memoryTotal() / BYTES_PER_KIB;
        long free = system.memoryFree() / BYTES_PER_KIB;
        long anonymous = 0;
        long mapped = 0;
        for (ProcessView process : system.processes().all()) {
            MemoryUsage usage = process.memoryUsage().orElse(MemoryUsage.NONE);
            anonymous += kib(usage.resident() - usage.residentFile());
            mapped += kib(usage.residentFile());
        }
        anonymous = Math.min(anonymous, total - free);
        long cached = total - free - anonymous;
        StringBuilder text = new StringBuilder();
        appendKib(text, "MemTotal", total);
        appendKib(text, "MemFree", free);
        appendKib(text, "MemAvailable", free);
        appendKib(text, "Buffers", 0);
        appendKib(text, "Cached", cached);
        appendKib(text, "SwapCached", 0);
        appendKib(text, "Active", anonymous);
        appendKib(text, "Inactive", cached);
        appendKib(text, "Active(anon)", anonymous);
        appendKib(text, "Inactive(anon)", 0);
        appendKib(text, "Active(file)", 0);
        appendKib(text, "Inactive(file)", cached);
        appendKib(text, "Unevictable", 0);
        appendKib(text, "Mlocked", 0);
        appendKib(text, "SwapTotal", 0);
        appendKib(text, "SwapFree", 0);
        appendKib(text, "Dirty", 0);
        appendKib(text, "Writeback", 0);
        appendKib(text, "AnonPages", anonymous);
        appendKib(text, "Mapped", Math.min(mapped, cached));
        // What files in memory hold cannot be dropped: all that is cached is theirs.
        appendKib(text, "Shmem", cached);
        for (String none :
                new String[] {
                    "KReclaimable",
                    "Slab",
                    "SReclaimable",
                    "SUnreclaim",
                    "KernelStack",
                    "PageTables",
                    "NFS_Unstable",
                    "Bounce",
                    "WritebackTmp",
                }) {
            appendKib(text, none, 0);
        }
        appendKib(text, "CommitLimit", total);
        appendKib(text, "Committed_AS", total - free);
        appendKib(text, "VmallocTotal", 34359738367L);
        appendKib(text, "VmallocUsed", 0);
        appendKib(text, "VmallocChunk", 0);
        appendKib(text, "Percpu", 0);
        appendKib(text, "AnonHugePages", 0);
        for (String count :
                new String[] {
                    "HugePages_Total", "HugePages_Free", "HugePages_Rsvd", "HugePages_Surp",
                }) {
            text.append("%-16s%8d\n".formatted(count + ":", 0));
        }
        appendKib(text, "Hugepagesize", 2048);
        appendKib(text, "Hugetlb", 0);
        return text.toString();
    }

    private static long kib(long pages) {
        return pages * (Pages.SIZE / BYTES_PER_KIB);
    }

    private static void appendKib(StringBuilder text, String name, long kib) {
        text.append("%-16s%8d kB\n".formatted(name + ":", kib));
    }

    /** The time of all processors, that of the first, and so on: it is told evenly. */
    String stat() {
        StringBuilder text = new StringBuilder();
        ProcessView.CpuTime busy = busy();
        int processors = system.processors();
        long all = system.uptimeNanos() / NANOS_PER_CENTISECOND * processors;
        long user = busy.userNanos() / NANOS_PER_CENTISECOND;
        long kernel = busy.systemNanos() / NANOS_PER_CENTISECOND;
        appendProcessor(text, "cpu ", user, kernel, all);
        for (int processor = 0; processor < processors; processor++) {
            appendProcessor(
                    text,
                    "cpu" + processor,
                    user / processors,
                    kernel / processors,
                    all / processors);
        }
        text.append("intr 0\nctxt 0\nbtime ").append(system.bootTime());
        text.append("\nprocesses ").append(system.processes().forks());
        text.append("\nprocs_running ").append(running());
        text.append("\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n");
        return text.toString();
    }

    private static void appendProcessor(
            StringBuilder text, String name, long user, long kernel, long all) {
        long idle = Math.max(0, all - user - kernel);
        text.append("%s %d 0 %d %d 0 0 0 0 0 0\n".formatted(name, user, kernel, idle));
    }

    String uptime() {
        long nanos = system.uptimeNanos();
        long idle = Math.max(0, nanos * system.processors() - busy().totalNanos());
        return seconds(nanos) + " " + seconds(idle) + "\n";
    }

    private static String seconds(long nanos) {
        return "%d.%02d"
                .formatted(
                        nanos / NANOS_PER_SECOND, nanos % NANOS_PER_SECOND / NANOS_PER_CENTISECOND);
    }

    String version() {
        return "Linux version %s (plinth) %s\n".formatted(system.release(), system.version());
    }

    String vmstat() {
        long used = (system.memoryTotal() - system.memoryFree()) / Pages.SIZE;
        return """
        nr_free_pages %d
        nr_inactive_anon 0
        nr_active_anon %d
        nr_dirty 0
        nr_writeback 0
        nr_slab_reclaimable 0
        nr_slab_unreclaimable 0
        pgpgin 0
        pgpgout 0
        pswpin 0
        pswpout 0
        pgfault 0
        pgmajfault 0
        oom_kill %d
        """
                .formatted(system.memoryFree() / Pages.SIZE, used, system.oomKills());
    }
}
