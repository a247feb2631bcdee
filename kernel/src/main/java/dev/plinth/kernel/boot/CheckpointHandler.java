package dev.plinth.kernel.boot;

import dev.plinth.kernel.image.Compression;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Says what becomes of checkpoints that programs ask for by /proc/plinth/checkpoint.
 *
 * <p>Called by a thread of the sandbox, one at a time; it does not block.
 */
@FunctionalInterface
public interface CheckpointHandler {
    /**
     * Decides on a checkpoint.
     *
     * @param name that the program gave the image: letters, digits, dots, dashes and underscores,
     *     not a dot first, at most 64; empty if it gave none
     * @return where the image goes, and whether the sandbox goes on
     * @throws dev.plinth.kernel.error.SandboxException if there is to be none; the program is told
     *     EIO
     */
    CheckpointSpec requested(Optional<String> name);

    /**
     * Has images written into a directory, beside each other, while the sandbox goes on; those
     * without a name are numbered.
     *
     * @param directory that is there
     */
    static CheckpointHandler into(Path directory) {
        AtomicInteger count = new AtomicInteger();
        return name ->
                new CheckpointSpec(
                        directory.resolve(
                                name.orElseGet(() -> "checkpoint-" + count.incrementAndGet())),
                        true,
                        Compression.NONE);
    }
}
