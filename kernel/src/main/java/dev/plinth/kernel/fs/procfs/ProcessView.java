package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.mm.MemoryUsage;
import dev.plinth.kernel.mm.ProgramAreas;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;

import java.util.List;
import java.util.Optional;

/**
 * A process as /proc/[pid] shows it; see proc(5).
 *
 * <p>Any thread may ask, at any time: of a process that is over meanwhile, the answers are what was
 * last known, or empty.
 */
public interface ProcessView {
    /** Its number. */
    int pid();

    /** The number of its parent; zero if that is outside the sandbox. */
    int parentPid();

    /** The numbers of its threads, the first one first. */
    List<Integer> threads();

    /** The name of a thread, without a zero byte. */
    byte[] name(int tid);

    /** Who it acts as. */
    Credentials credentials();

    /** The mounts of the tree that it lives in, in the order in which they were made. */
    List<Mount> mounts();

    /** Where its absolute paths start. */
    Location root();

    /** Where its relative paths start. */
    Location workingDirectory();

    /** The permissions that new files do not get. */
    int umask();

    /** The file that it runs. */
    Location executable();

    /** Its argument list as it stands in its memory, each string with its zero byte. */
    byte[] commandLine();

    /** Its environment as it stands in its memory, each string with its zero byte. */
    byte[] environment();

    /** Its auxiliary vector as it stands in its memory. */
    byte[] auxiliaryVector();

    /** What is mapped, by ascending addresses. */
    List<MappingInfo> mappings();

    /** How much memory it has. */
    MemoryUsage memoryUsage();

    /** Where the parts of its program are. */
    ProgramAreas program();

    /** The open descriptors, ascending. */
    List<Integer> descriptors();

    /**
     * The open file of a descriptor.
     *
     * @return with a reference of its own, which the caller closes; empty if it is not open
     */
    Optional<FileDescription> descriptor(int fd);

    /** The soft and hard limit of each resource, by number; all ones for none. */
    List<long[]> limits();

    /** The sets of signals of a thread. */
    SignalSets signals(int tid);

    /** When it began, in nanoseconds since the sandbox did. */
    long startNanos();

    /**
     * Sets of signals, as bits.
     *
     * @param pending for the thread
     * @param shared pending for the process
     * @param blocked by the thread
     * @param ignored by the process
     * @param caught by handlers of the process
     */
    record SignalSets(long pending, long shared, long blocked, long ignored, long caught) {}
}
