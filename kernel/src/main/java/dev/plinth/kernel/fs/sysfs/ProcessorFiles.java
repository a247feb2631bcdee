package dev.plinth.kernel.fs.sysfs;

import dev.plinth.kernel.fs.pseudofs.PseudoTree;
import dev.plinth.kernel.state.NotSaved;

import java.util.List;

/** /sys/devices/system/cpu: processors that are all on, each a core of its own. */
@NotSaved("shows the machine")
final class ProcessorFiles {
    private static final String ROOT = "devices/system/cpu/";

    private final int processors;
    private final List<ProcessorCache> caches;
    private final String all;

    ProcessorFiles(MachineView machine) {
        processors = machine.processors();
        caches = machine.caches();
        all = ProcessorMask.list(processors);
    }

    void addTo(PseudoTree tree) {
        tree.line(ROOT + "online", all)
                .line(ROOT + "possible", all)
                .line(ROOT + "present", all)
                .line(ROOT + "enabled", all)
                .line(ROOT + "offline", "")
                .line(ROOT + "isolated", "")
                .line(ROOT + "kernel_max", "8191")
                .line(ROOT + "smt/active", "0")
                .line(ROOT + "smt/control", "notsupported")
                .directory(ROOT + "cpufreq")
                .directory(ROOT + "cpuidle");
        for (int processor = 0; processor < processors; processor++) {
            addProcessor(tree, ROOT + "cpu" + processor + "/", processor);
        }
    }

    private void addProcessor(PseudoTree tree, String path, int processor) {
        String own = String.valueOf(processor);
        String ownMask = ProcessorMask.of(processors, processor, processor + 1);
        String allMask = ProcessorMask.of(processors, 0, processors);
        if (processor > 0) {
            tree.line(path + "online", "1");
        }
        tree.line(path + "cpu_capacity", "1024")
                .link(path + "subsystem", "../../../../bus/cpu")
                .link(path + "node0", "../../node/node0")
                .line(path + "topology/physical_package_id", "0")
                .line(path + "topology/die_id", "0")
                .line(path + "topology/cluster_id", "65535")
                .line(path + "topology/core_id", own)
                .line(path + "topology/thread_siblings", ownMask)
                .line(path + "topology/thread_siblings_list", own)
                .line(path + "topology/core_cpus", ownMask)
                .line(path + "topology/core_cpus_list", own)
                .line(path + "topology/core_siblings", allMask)
                .line(path + "topology/core_siblings_list", all)
                .line(path + "topology/package_cpus", allMask)
                .line(path + "topology/package_cpus_list", all)
                .line(path + "topology/die_cpus", allMask)
                .line(path + "topology/die_cpus_list", all);
        for (int i = 0; i < caches.size(); i++) {
            String cache = path + "cache/index" + i + "/";
            boolean shared = caches.get(i).shared();
            caches.get(i).attributes().forEach((name, value) -> tree.line(cache + name, value));
            tree.line(cache + "id", shared ? "0" : own)
                    .line(cache + "shared_cpu_list", shared ? all : own)
                    .line(cache + "shared_cpu_map", shared ? allMask : ownMask);
        }
    }
}
