package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;

import java.util.Optional;
import java.util.function.Consumer;

/** The sandbox's checkpoints, as a program sees them that asks for one. Any thread may ask. */
public interface CheckpointControl {
    /** How often the sandbox was restored; zero for the original. */
    int restores();

    /** A UUID that no other sandbox has, not even one that is restored from the same image. */
    String instanceId();

    /**
     * Begins a checkpoint.
     *
     * @param name that the program gave the image; empty if it gave none
     * @param done told when the image is there, or why there is none; by another thread, and not in
     *     a sandbox that is restored from the image
     * @throws dev.plinth.kernel.errno.ErrnoException EOPNOTSUPP if nobody takes images of this
     *     sandbox
     */
    void request(Optional<String> name, Consumer<Optional<Errno>> done);
}
