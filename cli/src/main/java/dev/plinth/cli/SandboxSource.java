package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreProgress;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where a sandbox comes from: a program to run, or an image to restore. */
interface SandboxSource {
    /**
     * Makes the sandbox, ready to start.
     *
     * @param stdio what it gets from this process or from its launcher; taken over
     * @param log where a trace goes
     * @param progress is told how far it is, if it takes its time
     * @throws dev.plinth.kernel.error.SandboxException if it cannot be made
     */
    Sandbox make(
            Plinth plinth,
            LoadedPlatform platform,
            Stdio stdio,
            DebugLog log,
            RestoreProgress progress);

    /**
     * What is told of the sandbox to whoever asks for it by name.
     *
     * @throws dev.plinth.kernel.error.SandboxException if there is nothing to make it of
     */
    Origin origin();

    /**
     * Where a sandbox comes from.
     *
     * @param rootfs the directory on the host that its root is made of; empty if that is not known
     * @param program what runs in it first
     * @param image the image that it is restored from, if it is
     */
    record Origin(String rootfs, List<String> program, Optional<Path> image) {
        public Origin {
            requireNonNull(rootfs, "rootfs is null");
            program = List.copyOf(program);
            requireNonNull(image, "image is null");
        }
    }
}
