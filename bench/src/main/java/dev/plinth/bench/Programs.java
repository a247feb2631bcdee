package dev.plinth.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The C programs, compiled.
 *
 * @param micro static, makes system calls and tells what each took
 * @param nothing static, ends at once
 * @param tracer the floor for a platform that works by ptrace
 * @param vm the floor for a platform that works by KVM
 * @param keep static, has memory and processes, and tells when it runs
 */
record Programs(Path micro, Path nothing, Path tracer, Path vm, Path keep) {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** Where commands are looked for; the PATH of a user often lacks the directories of root. */
    private static final List<String> COMMAND_DIRECTORIES =
            List.of("/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin");

    /**
     * Compiles the programs.
     *
     * @param sources directory of the C files
     * @param target directory for the programs
     */
    static Programs compile(Path sources, Path target) {
        try {
            Files.createDirectories(target);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make " + target, e);
        }
        // musl's start-up makes few system calls, and a static program needs no other file.
        String[] small = {"musl-gcc", "-static"};
        return new Programs(
                compile(sources.resolve("micro.c"), target.resolve("micro"), small),
                compile(sources.resolve("true.c"), target.resolve("true"), small),
                compile(sources.resolve("tracer.c"), target.resolve("tracer"), "gcc"),
                compile(sources.resolve("vm.c"), target.resolve("vm"), "gcc"),
                compile(sources.resolve("keep.c"), target.resolve("keep"), small));
    }

    private static Path compile(Path source, Path program, String... compiler) {
        if (find(compiler[0]).isEmpty()) {
            throw new BenchException(
                    compiler[0] + " is not found: install gcc and musl-tools (names of Debian)");
        }
        List<String> command = new ArrayList<>(Arrays.asList(compiler));
        command.addAll(List.of("-O2", "-o", program.toString(), source.toString()));
        ChildProcess done = ChildProcess.run(command, Map.of(), LIMIT);
        if (!done.succeeded()) {
            throw new BenchException(source + " does not compile: " + done.failure());
        }
        return program;
    }

    /** Where a command is, if it is installed. */
    static Optional<Path> find(String command) {
        return COMMAND_DIRECTORIES.stream()
                .map(directory -> Path.of(directory, command))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
