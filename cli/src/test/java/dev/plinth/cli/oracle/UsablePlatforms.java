package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.syscall.SyscallTable;

import org.junit.jupiter.params.provider.Arguments;

import java.nio.file.Path;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The platforms of the distribution under test, loaded as far as they work here. */
final class UsablePlatforms implements AutoCloseable {
    private final Plinth plinth;
    private final SortedMap<String, Inside> usable = new TreeMap<>();
    private final SortedMap<String, String> unusable = new TreeMap<>();

    UsablePlatforms() {
        plinth = Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
        for (String name : plinth.plugins().names()) {
            try {
                usable.put(name, new Inside(plinth, name));
            } catch (SandboxException e) {
                unusable.put(name, e.getMessage());
            }
        }
    }

    /** The system calls that all sandboxes here have. */
    SyscallTable syscalls() {
        return plinth.syscalls();
    }

    Set<String> names() {
        return usable.keySet();
    }

    Set<String> unusableNames() {
        return unusable.keySet();
    }

    Inside get(String name) {
        return usable.get(name);
    }

    /** Each case with each platform, as the arguments of a test. */
    Stream<Arguments> runs(Stream<OracleCase> cases) {
        return cases.flatMap(
                each -> names().stream().map(platform -> Arguments.of(each, platform)));
    }

    /** Skips the test that calls this, and says why. */
    void skip(String name) {
        abort(name + " unusable: " + unusable.get(name));
    }

    @Override
    public void close() {
        usable.values().forEach(Inside::close);
    }
}
