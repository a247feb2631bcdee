package dev.plinth.kernel.fs.procfs;

/** The texts of the files in /proc that are about the whole sandbox; see proc(5). */
final class SystemTexts {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int NANOS_PER_CENTISECOND = 10_000_000;
    private static final long BYTES_PER_KIB = 1024;

    private final SystemView system;

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
        int processes = system.processes().all().size();
        return "0.00 0.00 0.00 1/%d %d\n".formatted(processes, lastPid());
    }

    private int lastPid() {
        return system.processes().all().stream().mapToInt(ProcessView::pid).max().orElse(0);
    }

    String meminfo() {
        long total = system.memoryTotal() / BYTES_PER_KIB;
        long free = system.memoryFree() / BYTES_PER_KIB;
        StringBuilder text = new StringBuilder();
        appendKib(text, "MemTotal", total);
        appendKib(text, "MemFree", free);
        appendKib(text, "MemAvailable", free);
        for (String none :
                new String[] {
                    "Buffers",
                    "Cached",
                    "SwapCached",
                    "Active",
                    "Inactive",
                    "SwapTotal",
                    "SwapFree",
                    "Dirty",
                    "Writeback",
                    "AnonPages",
                    "Mapped",
                    "Shmem",
                    "Slab",
                    "SReclaimable",
                    "SUnreclaim",
                }) {
            appendKib(text, none, 0);
        }
        return text.toString();
    }

    private static void appendKib(StringBuilder text, String name, long kib) {
        text.append("%-16s%8d kB%n".formatted(name + ":", kib));
    }

    String stat() {
        StringBuilder text = new StringBuilder();
        long idle = system.uptimeNanos() / NANOS_PER_CENTISECOND;
        text.append("cpu  0 0 0 ").append(idle * system.processors()).append(" 0 0 0 0 0 0\n");
        for (int processor = 0; processor < system.processors(); processor++) {
            text.append("cpu").append(processor);
            text.append(" 0 0 0 ").append(idle).append(" 0 0 0 0 0 0\n");
        }
        text.append("intr 0\nctxt 0\nbtime ").append(system.bootTime());
        text.append("\nprocesses ").append(lastPid());
        text.append("\nprocs_running 1\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n");
        return text.toString();
    }

    String uptime() {
        long nanos = system.uptimeNanos();
        long seconds = nanos / NANOS_PER_SECOND;
        long hundredths = nanos % NANOS_PER_SECOND / NANOS_PER_CENTISECOND;
        return "%d.%02d %d.%02d\n"
                .formatted(seconds, hundredths, seconds * system.processors(), hundredths);
    }

    String version() {
        return "Linux version %s (plinth) %s%n".formatted(system.release(), system.version());
    }

    String hostName() {
        return system.hostName() + "\n";
    }

    String release() {
        return system.release() + "\n";
    }

    String kernelVersion() {
        return system.version() + "\n";
    }

    String bootId() {
        return system.bootId() + "\n";
    }

    String uuid() {
        return system.randomUuid() + "\n";
    }
}
