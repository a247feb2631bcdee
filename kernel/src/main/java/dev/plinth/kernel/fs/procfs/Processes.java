package dev.plinth.kernel.fs.procfs;

import java.util.List;
import java.util.Optional;

/** The processes of the sandbox, as /proc shows them. Any thread may ask. */
public interface Processes {
    /** Those that live, in any order. */
    List<ProcessView> all();

    /** The process with a number, if it lives. */
    Optional<ProcessView> find(int pid);
}
