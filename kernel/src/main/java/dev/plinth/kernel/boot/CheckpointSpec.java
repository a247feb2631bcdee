package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.image.Compression;

import java.nio.file.Path;
import java.util.function.LongConsumer;

/**
 * How a sandbox is to be checkpointed.
 *
 * @param directory where the image is to be; nothing is there yet, and its parent is a directory
 * @param leaveRunning whether the sandbox goes on; else it ends when the image is written
 * @param compression of the pages; those that are not compressed can be mapped by a restore
 * @param progress told of each piece of memory that is written, by its size in bytes, on the thread
 *     that writes; throws nothing
 */
public record CheckpointSpec(
        Path directory, boolean leaveRunning, Compression compression, LongConsumer progress) {
    public CheckpointSpec {
        requireNonNull(progress, "progress is null");
        requireNonNull(directory, "directory is null");
        requireNonNull(compression, "compression is null");
    }

    /** A checkpoint that nobody watches. */
    public CheckpointSpec(Path directory, boolean leaveRunning, Compression compression) {
        this(directory, leaveRunning, compression, bytes -> {});
    }
}
