package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.fs.pipefs.PipeFs;
import dev.plinth.kernel.vfs.AnonInodeFs;

/**
 * The file systems that are mounted nowhere, and whose files have no name: Linux mounts them for
 * itself ({@code kern_mount}).
 *
 * @param pipes makes pipes and opens FIFOs
 * @param anonymous for what is no file but has a descriptor
 */
public record InternalFileSystems(PipeFs pipes, AnonInodeFs anonymous) {
    public InternalFileSystems {
        requireNonNull(pipes, "pipes is null");
        requireNonNull(anonymous, "anonymous is null");
    }
}
