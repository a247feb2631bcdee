package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Which image to restore, and with what. Immutable; {@link #of} gives one with what every restore
 * has, from which others are made.
 *
 * @param directory of the image
 * @param stdio where standard input, output and error come from: at least those that the image has
 * @param strace takes a line for each system call; empty for no trace
 * @param allowChanged whether files of the host may be others than those that were in use, or may
 *     have other content
 * @param mounts every directory of the host that the sandbox may change, as it was given when it
 *     was made; others may be repeated
 * @param limits what all programs together may take
 * @param checkpoints decides on checkpoints that programs ask for; empty if they ask in vain
 * @param progress is told how far the restore has come
 */
public record RestoreSpec(
        Path directory,
        Stdio stdio,
        Optional<Consumer<String>> strace,
        boolean allowChanged,
        List<SandboxSpec.HostMount> mounts,
        Limits limits,
        Optional<CheckpointHandler> checkpoints,
        RestoreProgress progress) {
    public RestoreSpec {
        requireNonNull(directory, "directory is null");
        requireNonNull(stdio, "stdio is null");
        mounts = List.copyOf(mounts);
        requireNonNull(limits, "limits is null");
        requireNonNull(checkpoints, "checkpoints is null");
        requireNonNull(strace, "strace is null");
        requireNonNull(progress, "progress is null");
    }

    /**
     * What all programs of a restored sandbox together may take.
     *
     * @param memoryBytes how much memory, up to what the host has; empty for as much as it might
     *     take before
     * @param tasks how many processes and threads there may be at once; empty for as many as before
     */
    public record Limits(OptionalLong memoryBytes, OptionalInt tasks) {
        /** As it was when the image was written. */
        public static final Limits SAVED = new Limits(OptionalLong.empty(), OptionalInt.empty());

        public Limits {
            // Each as where a sandbox begins.
            var _ =
                    new SandboxSpec.Bounds(
                            memoryBytes.orElse(SandboxSpec.Bounds.UNLIMITED),
                            tasks.orElse(SandboxSpec.Bounds.DEFAULT_TASKS));
        }
    }

    /** With this process' stdio, no trace, and no changed files. */
    public static RestoreSpec of(Path directory) {
        return new RestoreSpec(
                directory,
                Stdio.Inherited.all(),
                Optional.empty(),
                false,
                List.of(),
                Limits.SAVED,
                Optional.empty(),
                RestoreProgress.UNSEEN);
    }

    /** The same with other standard input, output and error. */
    public RestoreSpec withStdio(Stdio source) {
        return new RestoreSpec(
                directory, source, strace, allowChanged, mounts, limits, checkpoints, progress);
    }

    /** The same with a trace of system calls. */
    public RestoreSpec withStrace(Consumer<String> lines) {
        return new RestoreSpec(
                directory,
                stdio,
                Optional.of(lines),
                allowChanged,
                mounts,
                limits,
                checkpoints,
                progress);
    }

    /** The same for files of the host that may have changed. */
    public RestoreSpec withChangesAllowed() {
        return new RestoreSpec(
                directory, stdio, strace, true, mounts, limits, checkpoints, progress);
    }

    /** The same with one more directory of the host. */
    public RestoreSpec withMount(SandboxSpec.HostMount mount) {
        List<SandboxSpec.HostMount> more = new ArrayList<>(mounts);
        more.add(mount);
        return new RestoreSpec(
                directory, stdio, strace, allowChanged, more, limits, checkpoints, progress);
    }

    /** The same with other limits. */
    public RestoreSpec withLimits(Limits other) {
        return new RestoreSpec(
                directory, stdio, strace, allowChanged, mounts, other, checkpoints, progress);
    }

    /** The same with somebody whom programs may ask for checkpoints. */
    public RestoreSpec withCheckpoints(CheckpointHandler handler) {
        return new RestoreSpec(
                directory,
                stdio,
                strace,
                allowChanged,
                mounts,
                limits,
                Optional.of(handler),
                progress);
    }

    /** The same with somebody who is told how far it has come. */
    public RestoreSpec withProgress(RestoreProgress receiver) {
        return new RestoreSpec(
                directory, stdio, strace, allowChanged, mounts, limits, checkpoints, receiver);
    }
}
