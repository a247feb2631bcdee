package dev.plinth.kernel.boot;

import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.fs.procfs.ThreadView;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A process of a sandbox as ps(1) would show it.
 *
 * @param pid its number
 * @param parent the number of its parent; zero if that is outside the sandbox
 * @param uid whom it acts as, unsigned
 * @param state a letter as in proc_pid_stat(5)
 * @param threads how many it has
 * @param residentBytes memory that it has, what it shares with others included
 * @param cpuNanos time on a processor that it has used
 * @param startNanos when it began, in nanoseconds since the sandbox did
 * @param name of its first thread
 * @param arguments its argument list, as it stands in its memory now; empty for a zombie
 */
public record ProcessSummary(
        int pid,
        int parent,
        int uid,
        char state,
        int threads,
        long residentBytes,
        long cpuNanos,
        long startNanos,
        String name,
        List<String> arguments) {
    /** What is shown of an argument list: a program can make its own as long as its memory. */
    private static final int MAX_ARGUMENTS_BYTES = 4096;

    private static final long PAGE_BYTES = 4096;

    public ProcessSummary {
        arguments = List.copyOf(arguments);
    }

    /** Looks at a process; empty if it is gone. */
    static Optional<ProcessSummary> of(ProcessView process) {
        if (!process.isThere()) {
            return Optional.empty();
        }
        ThreadView leader = process.leader();
        return Optional.of(
                new ProcessSummary(
                        process.pid(),
                        process.parentPid(),
                        leader.credentials().uids().effective(),
                        leader.state().letter(),
                        process.threads().size(),
                        process.memoryUsage().map(usage -> usage.resident()).orElse(0L)
                                * PAGE_BYTES,
                        process.cpuTime().totalNanos(),
                        process.startNanos(),
                        text(leader.name(), leader.name().length),
                        arguments(process.commandLine())));
    }

    private static List<String> arguments(byte[] commandLine) {
        if (commandLine.length == 0) {
            return List.of();
        }
        int length = Math.min(commandLine.length, MAX_ARGUMENTS_BYTES);
        if (commandLine[length - 1] == 0) {
            length--;
        }
        return List.of(text(commandLine, length).split("\0", -1));
    }

    private static String text(byte[] bytes, int length) {
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
