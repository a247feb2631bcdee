package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.fs.pipefs.PipeFs;

/**
 * The file systems that are mounted nowhere, and whose files have no name: Linux mounts them for
 * itself ({@code kern_mount}).
 *
 * @param pipes makes pipes and opens FIFOs
 */
public record InternalFileSystems(PipeFs pipes) {
    public InternalFileSystems {
        requireNonNull(pipes, "pipes is null");
    }
}
