package dev.plinth.api.host;

import java.util.List;
import java.util.Map;

/**
 * A program to start with {@link HostKernel#spawn}.
 *
 * @param path of the executable; {@code /proc/self/fd/N} names one of the descriptors of the new
 *     process
 * @param arguments the argument list, with the program's name as its first entry
 * @param environment in the form {@code NAME=value}
 * @param descriptors what the new process has open: its number there &rarr; the open descriptor
 *     here (borrowed). Every other descriptor is closed in the new process
 * @param newSession whether the process gets a session of its own, out of reach of the signals of
 *     this one's terminal
 */
public record SpawnRequest(
        String path,
        List<String> arguments,
        List<String> environment,
        Map<Integer, HostFd> descriptors,
        boolean newSession) {
    public SpawnRequest {
        if (path.isEmpty() || arguments.isEmpty()) {
            throw new IllegalArgumentException("a program has a path and a name");
        }
        arguments = List.copyOf(arguments);
        environment = List.copyOf(environment);
        descriptors = Map.copyOf(descriptors);
    }
}
