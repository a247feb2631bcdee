package dev.plinth.cli.checkpoint;

import static org.quicktheories.generators.SourceDSL.arbitrary;
import static org.quicktheories.generators.SourceDSL.booleans;
import static org.quicktheories.generators.SourceDSL.integers;
import static org.quicktheories.generators.SourceDSL.lists;

import dev.plinth.kernel.error.ErrorCode;

import org.quicktheories.core.Gen;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * One side of a move: where a sandbox is, and what it has there.
 *
 * @param platform its name
 * @param log whether there is a debug log
 * @param devices how many are declared besides those of the platform
 * @param shared whether the first kind is that of one file for all three
 * @param kinds of standard input, output and error
 */
record Side(String platform, boolean log, int devices, boolean shared, List<StdioKind> kinds) {
    StandardStreams open(HostOpener opener, Path directory) {
        return shared
                ? StandardStreams.shared(opener, kinds.getFirst(), directory)
                : StandardStreams.open(opener, kinds, directory);
    }

    Side withStreamsOf(Side other) {
        return new Side(platform, log, devices, other.shared, other.kinds);
    }

    boolean isOpen(int number) {
        return kind(number) != StdioKind.CLOSED;
    }

    /** Whether standard input can be read, as far as the program ever knows. */
    boolean isReadable() {
        return isOpen(0) && !(shared && kind(0) == StdioKind.PIPE);
    }

    StdioKind kind(int number) {
        return shared ? kinds.getFirst() : kinds.get(number);
    }

    /** Which are files that the other side is given, too. */
    Set<Integer> filesThatGoOn(Side other) {
        Set<Integer> files = new HashSet<>(Set.of(0, 1, 2));
        files.removeIf(number ->
                shared != other.shared
                        || kind(number) != StdioKind.FILE
                        || other.kind(number) != StdioKind.FILE);
        return files;
    }

    /** Whether files of their own become one file, which has one place to go on from. */
    boolean losesItsPlace(Side other) {
        return !shared
                && kinds.contains(StdioKind.FILE)
                && other.shared
                && other.kind(0) == StdioKind.FILE;
    }

    /** Whether two of them, which are open, are one file of the host. */
    boolean isOneFile(int one, int other) {
        return shared || (kinds.get(one) == StdioKind.NULL && kinds.get(other) == StdioKind.NULL);
    }

    /** What a restore on the other side must be refused for, if for anything. */
    Optional<ErrorCode> refusalOf(Side to) {
        for (int one = 0; one < 3; one++) {
            if (isOpen(one) && !to.isOpen(one)) {
                return Optional.of(ErrorCode.IMAGE_ROLE_MISSING);
            }
        }
        for (int one = 0; one < 3; one++) {
            for (int other = 0; other < one; other++) {
                boolean open = isOpen(one) && isOpen(other);
                if (open && isOneFile(one, other) && !to.isOneFile(one, other)) {
                    return Optional.of(ErrorCode.IMAGE_ROLES_DIFFER);
                }
            }
        }
        return Optional.empty();
    }

    /** All that there are. */
    static Gen<Side> on(List<String> platforms) {
        Gen<List<StdioKind>> kinds = lists().of(arbitrary().enumValues(StdioKind.class)).ofSize(3);
        // One in four is one for all.
        return arbitrary()
                .pick(platforms)
                .zip(
                        booleans().all(),
                        integers().between(0, 3),
                        integers().between(0, 3),
                        kinds,
                        (name, log, devices, quarter, three) ->
                                new Side(name, log, devices, quarter == 0, three));
    }

    /** Up to three duplicates of standard descriptors: number &rarr; of which number. */
    static Gen<Map<Integer, Integer>> duplicates() {
        return lists().of(integers().between(0, 2))
                .ofSizeBetween(0, 3)
                .map(sources -> {
                    Map<Integer, Integer> duplicates = new HashMap<>();
                    for (int i = 0; i < sources.size(); i++) {
                        duplicates.put(5 + 2 * i, sources.get(i));
                    }
                    return duplicates;
                });
    }
}
