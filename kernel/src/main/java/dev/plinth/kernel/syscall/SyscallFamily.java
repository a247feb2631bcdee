package dev.plinth.kernel.syscall;

import java.util.List;

/** Contributes the rows of calls that belong together. */
public interface SyscallFamily {
    /** The rows, in the order in which a reader wants them. */
    List<SyscallRow> rows();
}
