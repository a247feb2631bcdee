package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What to run, and in what kind of sandbox. Immutable; made with a {@link Builder}.
 *
 * @param arguments the argument list; the first is the program, looked up in the sandbox: with a
 *     slash it is a path, else it is searched in PATH of the environment
 * @param environment in the form {@code NAME=value}
 * @param rootfs directory on the host that is the lower, read-only layer of the root
 * @param cwd working directory, in the sandbox; empty for the root
 * @param mounts directories of the host, over the root
 * @param stdio where standard input, output and error come from
 * @param strace takes a line for each system call; empty for no trace
 * @param user whom the program runs as; empty for the user who runs Plinth
 * @param hostname what the sandbox calls itself; empty for the host's name
 * @param bounds what all of its programs together may take
 * @param checkpoints decides on checkpoints that programs ask for; empty if they ask in vain
 * @param disturbance what is done to it at every so many system calls: for tests
 */
public record SandboxSpec(
        List<String> arguments,
        List<String> environment,
        Path rootfs,
        Optional<String> cwd,
        List<HostMount> mounts,
        Stdio stdio,
        Optional<Consumer<String>> strace,
        Optional<User> user,
        Optional<String> hostname,
        Bounds bounds,
        Optional<CheckpointHandler> checkpoints,
        Optional<Disturbance> disturbance) {
    public SandboxSpec {
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        requireNonNull(rootfs, "rootfs is null");
        requireNonNull(cwd, "cwd is null");
        mounts = List.copyOf(mounts);
        requireNonNull(stdio, "stdio is null");
        requireNonNull(strace, "strace is null");
        requireNonNull(user, "user is null");
        requireNonNull(hostname, "hostname is null");
        requireNonNull(bounds, "bounds is null");
        requireNonNull(checkpoints, "checkpoints is null");
        requireNonNull(disturbance, "disturbance is null");
        if (arguments.isEmpty()) {
            throw new IllegalArgumentException("nothing to run");
        }
    }

    /**
     * A directory of the host that the sandbox sees.
     *
     * @param source on the host
     * @param destination in the sandbox, absolute; it must exist there
     * @param writable whether the sandbox may change it
     */
    public record HostMount(Path source, String destination, boolean writable) {
        public HostMount {
            requireNonNull(source, "source is null");
            if (!destination.startsWith("/")) {
                throw new IllegalArgumentException("not an absolute path: " + destination);
            }
        }
    }

    /**
     * Whom a program runs as, with no supplementary groups.
     *
     * @param uid unsigned; all ones is no user
     * @param gid unsigned; all ones is no group
     */
    public record User(int uid, int gid) {
        public User {
            if (uid == -1 || gid == -1) {
                throw new IllegalArgumentException("no such user: " + uid + ":" + gid);
            }
        }
    }

    /**
     * What all programs of a sandbox together may take.
     *
     * @param memoryBytes how much memory, that of their files in memory included; {@link
     *     #UNLIMITED} for what the host has
     * @param tasks how many processes and threads there may be at once
     */
    public record Bounds(long memoryBytes, int tasks) {
        /** As much memory as the host has. */
        public static final long UNLIMITED = Long.MAX_VALUE;

        /** What a kernel written for one machine sets itself: kernel.pid_max of Linux. */
        public static final int DEFAULT_TASKS = 32768;

        /** The least memory with which a program can begin. */
        public static final long LEAST_MEMORY = 4L << 20;

        /** No more than what the host has. */
        public static final Bounds DEFAULT = new Bounds(UNLIMITED, DEFAULT_TASKS);

        public Bounds {
            if (memoryBytes < LEAST_MEMORY || tasks < 1 || tasks > DEFAULT_TASKS) {
                throw new IllegalArgumentException(memoryBytes + " bytes, " + tasks + " tasks");
            }
        }
    }

    /**
     * Something that is done to a sandbox again and again, and that its programs are not to notice:
     * for tests.
     *
     * @param everyCalls at every so many system calls, of all tasks together
     * @param action done on a thread that belongs to no task
     */
    public record Disturbance(int everyCalls, Consumer<Sandbox> action) {
        public Disturbance {
            requireNonNull(action, "action is null");
            if (everyCalls < 1) {
                throw new IllegalArgumentException("every " + everyCalls + " calls");
            }
        }
    }

    /** Starts with what every run has: the host's root below, this process' stdio, nothing else. */
    public static Builder builder(List<String> arguments) {
        return new Builder(arguments);
    }

    /** Collects what differs from the defaults. */
    public static final class Builder {
        private final List<String> arguments;
        private final List<String> environment = new ArrayList<>();
        private final List<HostMount> mounts = new ArrayList<>();
        private Path rootfs = Path.of("/");
        private Optional<String> cwd = Optional.empty();
        private Stdio stdio = Stdio.Inherited.all();
        private Optional<Consumer<String>> strace = Optional.empty();
        private Optional<User> user = Optional.empty();
        private Optional<String> hostname = Optional.empty();
        private Bounds bounds = Bounds.DEFAULT;
        private Optional<CheckpointHandler> checkpoints = Optional.empty();
        private Optional<Disturbance> disturbance = Optional.empty();

        private Builder(List<String> arguments) {
            this.arguments = List.copyOf(arguments);
        }

        /** Adds variables in the form {@code NAME=value}. */
        public Builder environment(List<String> variables) {
            environment.addAll(variables);
            return this;
        }

        /** Sets the directory that is the lower layer of the root. */
        public Builder rootfs(Path directory) {
            rootfs = directory;
            return this;
        }

        /** Sets the working directory, in the sandbox. */
        public Builder cwd(String directory) {
            cwd = Optional.of(directory);
            return this;
        }

        /** Adds a directory of the host. */
        public Builder mount(HostMount mount) {
            mounts.add(mount);
            return this;
        }

        /** Sets where standard input, output and error come from. */
        public Builder stdio(Stdio source) {
            stdio = source;
            return this;
        }

        /** Traces system calls. */
        public Builder strace(Consumer<String> lines) {
            strace = Optional.of(lines);
            return this;
        }

        /** Sets whom the program runs as. */
        public Builder user(User other) {
            user = Optional.of(other);
            return this;
        }

        /** Sets what the sandbox calls itself. */
        public Builder hostname(String name) {
            hostname = Optional.of(name);
            return this;
        }

        /** Sets what all programs together may take. */
        public Builder bounds(Bounds all) {
            bounds = all;
            return this;
        }

        /** Lets programs ask for checkpoints, by /proc/plinth/checkpoint. */
        public Builder checkpoints(CheckpointHandler handler) {
            checkpoints = Optional.of(handler);
            return this;
        }

        /** Has something done to the sandbox again and again: for tests. */
        public Builder disturb(Disturbance again) {
            disturbance = Optional.of(again);
            return this;
        }

        /** The specification. */
        public SandboxSpec build() {
            return new SandboxSpec(
                    arguments,
                    environment,
                    rootfs,
                    cwd,
                    mounts,
                    stdio,
                    strace,
                    user,
                    hostname,
                    bounds,
                    checkpoints,
                    disturbance);
        }
    }
}
