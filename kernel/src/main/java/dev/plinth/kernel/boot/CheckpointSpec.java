package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.image.Compression;

import java.nio.file.Path;

/**
 * How a sandbox is to be checkpointed.
 *
 * @param directory where the image is to be; nothing is there yet, and its parent is a directory
 * @param leaveRunning whether the sandbox goes on; else it ends when the image is written
 * @param compression of the pages; those that are not compressed can be mapped by a restore
 */
public record CheckpointSpec(Path directory, boolean leaveRunning, Compression compression) {
    public CheckpointSpec {
        requireNonNull(directory, "directory is null");
        requireNonNull(compression, "compression is null");
    }
}
