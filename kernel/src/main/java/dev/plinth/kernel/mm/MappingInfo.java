package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;

/**
 * A mapping as a line of /proc/[pid]/maps shows it.
 *
 * @param range where
 * @param access what the program asked for
 * @param shared whether writes reach the file
 * @param offset in the file; zero for anonymous memory
 * @param device {@code st_dev} of the file; zero for anonymous memory
 * @param inode of the file; zero for anonymous memory
 * @param name the file's path, a name like {@code [heap]}, or empty
 */
public record MappingInfo(
        AddressRange range,
        AccessType access,
        boolean shared,
        long offset,
        long device,
        long inode,
        String name) {}
