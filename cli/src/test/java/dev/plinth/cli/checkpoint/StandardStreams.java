package dev.plinth.cli.checkpoint;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Standard input, output and error of a sandbox: three, or one that is all of them. */
final class StandardStreams implements AutoCloseable {
    /** By number. */
    private final List<StandardStream> streams;

    private StandardStreams(List<StandardStream> streams) {
        this.streams = streams;
    }

    /**
     * Opens one each.
     *
     * @param kinds those of 0, 1 and 2
     * @param directory where those that are files are
     */
    static StandardStreams open(HostOpener opener, List<StdioKind> kinds, Path directory) {
        return new StandardStreams(
                List.of(
                        StandardStream.open(opener, kinds.get(0), true, directory.resolve("0")),
                        StandardStream.open(opener, kinds.get(1), false, directory.resolve("1")),
                        StandardStream.open(opener, kinds.get(2), false, directory.resolve("2"))));
    }

    /** Opens one for all; a pipe can only be written to. */
    static StandardStreams shared(HostOpener opener, StdioKind kind, Path directory) {
        StandardStream one = StandardStream.open(opener, kind, false, directory.resolve("012"));
        return new StandardStreams(List.of(one, one, one));
    }

    /** Whether it is one for all. */
    boolean areOne() {
        return streams.get(0) == streams.get(1);
    }

    StandardStream get(int number) {
        return streams.get(number);
    }

    /** Descriptors of what is open, by number, which are the caller's. */
    Map<Integer, HostFd> byNumber() {
        Map<Integer, HostFd> given = new HashMap<>();
        for (int number = 0; number < streams.size(); number++) {
            int target = number;
            streams.get(number).give().ifPresent(fd -> given.put(target, fd));
        }
        return given;
    }

    /** Descriptors of what is open, by role, which are the caller's. */
    Map<FdRole, HostFd> byRole() {
        Map<FdRole, HostFd> given = new HashMap<>();
        byNumber().forEach((number, fd) -> given.put(FdRole.stdio(number), fd));
        return given;
    }

    @Override
    public void close() {
        streams.forEach(StandardStream::close);
    }

    @Override
    public String toString() {
        return (areOne() ? "shared " : "") + streams.stream().map(StandardStream::kind).toList();
    }
}
