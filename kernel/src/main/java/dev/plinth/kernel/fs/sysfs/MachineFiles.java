package dev.plinth.kernel.fs.sysfs;

import dev.plinth.kernel.fs.pseudofs.PseudoTree;

/** What /sys has beside the processors: memory in one node, and directories without devices. */
final class MachineFiles {
    private static final String NODE = "devices/system/node/";
    private static final String HUGE_PAGES = "kernel/mm/transparent_hugepage/";
    private static final long BYTES_PER_KIB = 1024;

    private final MachineView machine;

    MachineFiles(MachineView machine) {
        this.machine = machine;
    }

    void addTo(PseudoTree tree) {
        addNode(tree);
        tree.line(HUGE_PAGES + "enabled", "always madvise [never]")
                .line(HUGE_PAGES + "defrag", "always defer defer+madvise madvise [never]")
                .line(HUGE_PAGES + "shmem_enabled", "always within_size advise [never] deny force")
                .line(HUGE_PAGES + "hpage_pmd_size", "2097152")
                .line(HUGE_PAGES + "use_zero_page", "0")
                .directory("kernel/mm/hugepages")
                .directory("kernel/security")
                .directory("kernel/debug")
                .directory("fs/cgroup")
                .directory("block")
                .directory("bus/cpu/devices")
                .directory("class/block")
                .directory("class/dmi")
                .directory("class/net")
                .directory("class/tty")
                .directory("dev/block")
                .directory("dev/char")
                .directory("devices/virtual")
                .directory("firmware")
                .directory("module")
                .directory("power");
        for (int processor = 0; processor < machine.processors(); processor++) {
            tree.link(
                    "bus/cpu/devices/cpu" + processor,
                    "../../../devices/system/cpu/cpu" + processor);
        }
    }

    private void addNode(PseudoTree tree) {
        int processors = machine.processors();
        tree.line(NODE + "online", "0")
                .line(NODE + "possible", "0")
                .line(NODE + "has_cpu", "0")
                .line(NODE + "has_memory", "0")
                .line(NODE + "has_normal_memory", "0")
                .line(NODE + "node0/cpulist", ProcessorMask.list(processors))
                .line(NODE + "node0/cpumap", ProcessorMask.of(processors, 0, processors))
                .line(NODE + "node0/distance", "10")
                .file(NODE + "node0/meminfo", this::memory)
                .line(NODE + "node0/numastat", "numa_hit 0\nnuma_miss 0\nnuma_foreign 0");
        for (int processor = 0; processor < processors; processor++) {
            tree.link(NODE + "node0/cpu" + processor, "../../cpu/cpu" + processor);
        }
    }

    private String memory() {
        long total = machine.memoryTotal() / BYTES_PER_KIB;
        long free = machine.memoryFree() / BYTES_PER_KIB;
        return """
        Node 0 MemTotal:       %8d kB
        Node 0 MemFree:        %8d kB
        Node 0 MemUsed:        %8d kB
        """
                .formatted(total, free, total - free);
    }
}
