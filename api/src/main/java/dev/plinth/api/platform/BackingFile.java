package dev.plinth.api.platform;

import dev.plinth.api.host.HostFd;

import java.lang.foreign.MemorySegment;

/**
 * A host file whose ranges are guest memory.
 *
 * <p>Two are the same file only if they are the same object.
 */
public interface BackingFile {
    /** The open file; borrowed. */
    HostFd file();

    /**
     * The whole file, mapped shared into the JVM from offset zero.
     *
     * <p>It is never truncated while a platform lives, so an access within the view faults no
     * thread. Guest threads write to the memory meanwhile.
     */
    MemorySegment view();
}
