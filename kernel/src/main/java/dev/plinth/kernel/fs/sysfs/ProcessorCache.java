package dev.plinth.kernel.fs.sysfs;

import java.util.Map;

/**
 * A cache of a processor, as its directory in sysfs tells it; see {@code
 * Documentation/ABI/testing/sysfs-devices-system-cpu} of Linux.
 *
 * @param attributes the names of the files and what they hold
 * @param shared whether all processors have it together
 */
public record ProcessorCache(Map<String, String> attributes, boolean shared) {
    public ProcessorCache {
        attributes = Map.copyOf(attributes);
    }
}
