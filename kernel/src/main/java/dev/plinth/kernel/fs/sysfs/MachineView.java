package dev.plinth.kernel.fs.sysfs;

import java.util.List;

/** The machine as /sys shows it. Any thread may ask. */
public interface MachineView {
    /** How many processors there are: at least one. */
    int processors();

    /** The caches of each processor. */
    List<ProcessorCache> caches();

    /** Memory in bytes that there is. */
    long memoryTotal();

    /** Memory in bytes that is free. */
    long memoryFree();
}
