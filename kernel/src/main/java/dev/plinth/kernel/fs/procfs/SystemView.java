package dev.plinth.kernel.fs.procfs;

import java.util.List;

/** The sandbox as the files in /proc beside the processes show it. Any thread may ask. */
public interface SystemView {
    /** The processes. */
    Processes processes();

    /** The types of file system that there are, those without a device first. */
    List<String> fileSystems();

    /** {@code uname -r}. */
    String release();

    /** {@code uname -v}. */
    String version();

    /** {@code uname -n}. */
    String hostName();

    /** Sets the host name, as sethostname(2); a longer one is cut. */
    void setHostName(String name);

    /** The NIS domain. */
    String domainName();

    /** Sets the NIS domain, as setdomainname(2); a longer one is cut. */
    void setDomainName(String name);

    /** How many processors programs are told of. */
    int processors();

    /** What /proc/cpuinfo tells of a processor: lines without the one that numbers it. */
    String processorDescription();

    /** Memory in bytes that there is. */
    long memoryTotal();

    /** Memory in bytes that is free. */
    long memoryFree();

    /** Nanoseconds since the sandbox began. */
    long uptimeNanos();

    /** Seconds since 1970 at which the sandbox began. */
    long bootTime();

    /** A random UUID, another one at each call. */
    String randomUuid();

    /** The UUID of this sandbox. */
    String bootId();

    /** The sandbox's checkpoints. */
    CheckpointControl checkpoints();

    /** How many processes and threads there may be at once. */
    int maxTasks();

    /** How many files are open. */
    long openFiles();

    /** How many processes were killed for lack of memory. */
    long oomKills();
}
