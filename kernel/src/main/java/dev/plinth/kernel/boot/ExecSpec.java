package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.boot.SandboxSpec.User;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A program to run in a sandbox that runs already. Immutable.
 *
 * @param arguments the argument list; the first is the program, looked up as in {@link SandboxSpec}
 * @param environment in the form {@code NAME=value}
 * @param cwd working directory, in the sandbox; empty for that of the first process
 * @param user whom the program runs as; empty for whom the first process runs as
 * @param stdio what it has open: its number &rarr; the descriptor of the host. Taken over by the
 *     sandbox, also if the program cannot be run
 */
public record ExecSpec(
        List<String> arguments,
        List<String> environment,
        Optional<String> cwd,
        Optional<User> user,
        Map<Integer, HostFd> stdio) {
    public ExecSpec {
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        requireNonNull(cwd, "cwd is null");
        requireNonNull(user, "user is null");
        stdio = Map.copyOf(stdio);
        if (arguments.isEmpty()) {
            throw new IllegalArgumentException("nothing to run");
        }
    }
}
