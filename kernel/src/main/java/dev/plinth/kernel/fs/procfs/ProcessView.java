package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.mm.MemoryUsage;
import dev.plinth.kernel.mm.ProgramAreas;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;

import java.util.List;
import java.util.Optional;

/**
 * A process as /proc/[pid] shows it; see proc(5).
 *
 * <p>Any thread may ask, at any time. A process that has ended and that its parent has not waited
 * for has no memory and no files: lists are empty then, sizes zero, and places fail with ENOENT. Of
 * a process that is gone altogether every answer may be that, or fail with ESRCH.
 */
public interface ProcessView {
    /** Whether it lives, or has ended and its parent has not waited for it. */
    boolean isThere();

    /** Its number. */
    int pid();

    /** The number of its parent; zero if that is outside the sandbox. */
    int parentPid();

    /** The number of its process group. */
    int processGroup();

    /** The number of its session. */
    int session();

    /** The number of the device that is its terminal; zero if it has none. */
    int terminal();

    /** The process group in the foreground of its terminal; -1 if it has none. */
    int terminalGroup();

    /** Its threads, the first one first; that one also when it has ended before the others. */
    List<ThreadView> threads();

    /** The first of its threads. */
    ThreadView leader();

    /** The thread with a number, if it lives. */
    Optional<ThreadView> thread(int tid);

    /** The mounts of the tree that it lives in, in the order in which they were made. */
    List<Mount> mounts();

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

    /** How many pages of a range lie in memory. */
    long residentPages(AddressRange range);

    /** How much memory it has; empty if it has ended. */
    Optional<MemoryUsage> memoryUsage();

    /** Where the parts of its program are. */
    ProgramAreas program();

    /** Its memory, that of the program that it runs now. */
    ProcessMemory memory();

    /** The soft and hard limit of each resource, by number; all ones for none. */
    List<long[]> limits();

    /** How many processors it may run on. */
    int processors();

    /** When it began, in nanoseconds since the sandbox did. */
    long startNanos();

    /** The time that it, with all its threads, has used. */
    CpuTime cpuTime();

    /** The time that those children used which it has waited for. */
    CpuTime childCpuTime();

    /** Whether processes of the same user may look into it. */
    boolean isDumpable();

    /** What a wait for it would give, or zero. */
    int exitCode();

    /** How likely it is to be killed for lack of memory: 0 to 2000. */
    int oomScore();

    /** By how much that is changed for it: -1000 to 1000. */
    int oomScoreAdjustment();

    /**
     * Sets by how much it is killed earlier or later.
     *
     * @param adjustment -1000 to 1000
     * @param privileged whether it may be lowered below what it was set to with privileges
     * @throws dev.plinth.kernel.errno.ErrnoException EACCES if it may not
     */
    void setOomScoreAdjustment(int adjustment, boolean privileged);

    /**
     * Time on a processor.
     *
     * @param userNanos in the program's instructions
     * @param systemNanos in its system calls
     */
    record CpuTime(long userNanos, long systemNanos) {
        /** None at all. */
        public static final CpuTime NONE = new CpuTime(0, 0);

        /** Both together. */
        public CpuTime plus(CpuTime other) {
            return new CpuTime(userNanos + other.userNanos, systemNanos + other.systemNanos);
        }

        /** The sum of both kinds. */
        public long totalNanos() {
            return userNanos + systemNanos;
        }
    }
}
