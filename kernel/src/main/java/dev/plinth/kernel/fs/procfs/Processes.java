package dev.plinth.kernel.fs.procfs;

import java.util.List;
import java.util.Optional;

/** The processes of the sandbox, as /proc shows them. Any thread may ask. */
public interface Processes {
    /** Those that live, and those that nobody has waited for yet, in any order. */
    List<ProcessView> all();

    /** The process with a number. */
    Optional<ProcessView> find(int pid);

    /** The process that has a thread with a number; its own number, or that of another thread. */
    Optional<ProcessView> findByThread(int tid);

    /** The number that was given last. */
    int lastPid();

    /** How many processes and threads were ever made. */
    long forks();
}
