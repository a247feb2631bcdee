package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
 * @param checkpoints decides on checkpoints that programs ask for; empty if they ask in vain
 */
public record RestoreSpec(
        Path directory,
        Stdio stdio,
        Optional<Consumer<String>> strace,
        boolean allowChanged,
        List<SandboxSpec.HostMount> mounts,
        Optional<CheckpointHandler> checkpoints) {
    public RestoreSpec {
        requireNonNull(directory, "directory is null");
        requireNonNull(stdio, "stdio is null");
        mounts = List.copyOf(mounts);
        requireNonNull(checkpoints, "checkpoints is null");
        requireNonNull(strace, "strace is null");
    }

    /** With this process' stdio, no trace, and no changed files. */
    public static RestoreSpec of(Path directory) {
        return new RestoreSpec(
                directory,
                Stdio.Inherited.all(),
                Optional.empty(),
                false,
                List.of(),
                Optional.empty());
    }

    /** The same with other standard input, output and error. */
    public RestoreSpec withStdio(Stdio source) {
        return new RestoreSpec(directory, source, strace, allowChanged, mounts, checkpoints);
    }

    /** The same with a trace of system calls. */
    public RestoreSpec withStrace(Consumer<String> lines) {
        return new RestoreSpec(
                directory, stdio, Optional.of(lines), allowChanged, mounts, checkpoints);
    }

    /** The same for files of the host that may have changed. */
    public RestoreSpec withChangesAllowed() {
        return new RestoreSpec(directory, stdio, strace, true, mounts, checkpoints);
    }

    /** The same with one more directory of the host. */
    public RestoreSpec withMount(SandboxSpec.HostMount mount) {
        List<SandboxSpec.HostMount> more = new ArrayList<>(mounts);
        more.add(mount);
        return new RestoreSpec(directory, stdio, strace, allowChanged, more, checkpoints);
    }

    /** The same with somebody whom programs may ask for checkpoints. */
    public RestoreSpec withCheckpoints(CheckpointHandler handler) {
        return new RestoreSpec(
                directory, stdio, strace, allowChanged, mounts, Optional.of(handler));
    }
}
