package dev.plinth.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What this process has open at one moment, to be compared with a later one.
 *
 * <pre>{@code
 * LeakCheck before = LeakCheck.now();
 * // open, use and close things
 * before.assertNothingNew();
 * }</pre>
 *
 * <p>Counted are descriptors, Java threads, child processes and traced ones, and mappings of memory
 * files and devices. All of it belongs to the whole process: nothing else may run meanwhile.
 * Immutable.
 *
 * <p>Source: proc(5).
 */
public final class LeakCheck {
    /** What ends by itself a moment after its owner closed it has this long to do so. */
    private static final long PATIENCE_MILLIS = 3_000;

    private static final long POLL_MILLIS = 20;

    /** Threads that the JDK, Maven and JUnit start when they like. */
    private static final Pattern FOREIGN_THREADS =
            Pattern.compile(
                    "process reaper.*|ForkJoinPool.*|Common-Cleaner|Cleaner-\\d+|Attach Listener"
                            + "|junit-.*|surefire-.*"
                            + "|JNA Cleaner|.*Jna.*|Finalizer|Reference Handler|Signal Dispatcher"
                            + "|Notification Thread|VirtualThread-unparker.*|ping-timer.*"
                            + "|Java2D Disposer|JFR .*");

    /** Descriptors that the JVM opens when it likes: classes, random numbers, what it looks up. */
    private static final Pattern FOREIGN_DESCRIPTORS =
            Pattern.compile(".*\\.(jar|so|so\\.\\d+|jsa|class|aot)|/dev/u?random|/proc/.*|/sys/.*");

    /** Mappings that somebody asked for by a descriptor that is no ordinary file. */
    private static final Pattern OWNED_MAPPINGS =
            Pattern.compile("/memfd:.*|/dev/(?!zero|shm).*|anon_inode:.*");

    private static final String TRACER = "TracerPid:\t";

    /**
     * A process of the host.
     *
     * @param name the number and the start time, which no other process has both
     * @param about what tells a reader whose it may be: command, state, parent
     */
    private record HostProcess(long number, long parent, long tracer, String name, String about) {}

    private final Map<String, String> descriptors;
    private final Set<Long> threads;

    /** What is known of each, by its name. */
    private final Map<String, String> processes;

    private final Map<String, String> mappings;

    private LeakCheck(
            Map<String, String> descriptors,
            Set<Long> threads,
            Map<String, String> processes,
            Map<String, String> mappings) {
        this.descriptors = descriptors;
        this.threads = threads;
        this.processes = processes;
        this.mappings = mappings;
    }

    /** What is open now. */
    public static LeakCheck now() {
        try {
            Set<Long> threads =
                    Thread.getAllStackTraces().keySet().stream()
                            .map(Thread::threadId)
                            .collect(Collectors.toSet());
            return new LeakCheck(descriptors(), threads, processes(), mappings());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Fails if something is open that was not when this check was made; waits for it a moment.
     *
     * @throws AssertionError that names all of it
     */
    public void assertNothingNew() {
        long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        List<String> leaked = newThings();
        while (!leaked.isEmpty() && System.nanoTime() < deadline) {
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
            leaked = newThings();
        }
        if (!leaked.isEmpty()) {
            throw new AssertionError("left open: " + String.join("; ", leaked));
        }
    }

    /** What is open now and was not when this check was made, one line each. */
    public List<String> newThings() {
        LeakCheck now = now();
        List<String> found = new ArrayList<>();
        now.descriptors.forEach((number, target) -> {
            boolean known = target.equals(descriptors.get(number));
            if (!known && !FOREIGN_DESCRIPTORS.matcher(target).matches()) {
                found.add("descriptor " + number + " " + target);
            }
        });
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            boolean foreign = FOREIGN_THREADS.matcher(thread.getName()).matches();
            if (!foreign && thread.isAlive() && !threads.contains(thread.threadId())) {
                found.add("thread " + thread.getName());
            }
        }
        now.processes.forEach((process, about) -> {
            if (!processes.containsKey(process)) {
                found.add("process " + process + ": " + about);
            }
        });
        now.mappings.forEach((range, target) -> {
            if (!target.equals(mappings.get(range))) {
                found.add("mapping " + range + " " + target);
            }
        });
        return found;
    }

    private static Map<String, String> descriptors() throws IOException {
        Map<String, String> found = new HashMap<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path link : links) {
                target(link).ifPresent(target -> found.put(link.getFileName().toString(), target));
            }
        }
        return found;
    }

    /** What a descriptor is; empty if it was closed since: as that of the directory's reader is. */
    private static Optional<String> target(Path link) throws IOException {
        try {
            return Optional.of(Files.readSymbolicLink(link).toString());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** Processes that descend from this one or are traced by it. */
    private static Map<String, String> processes() throws IOException {
        List<HostProcess> all = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            entries.forEach(entry -> read(entry).ifPresent(all::add));
        }
        long self = ProcessHandle.current().pid();
        Set<Long> owned = new HashSet<>(Set.of(self));
        boolean grown = true;
        while (grown) {
            grown = false;
            for (HostProcess process : all) {
                boolean mine = owned.contains(process.parent()) || process.tracer() == self;
                grown |= mine && owned.add(process.number());
            }
        }
        return all.stream()
                .filter(process -> process.number() != self && owned.contains(process.number()))
                .collect(Collectors.toMap(HostProcess::name, HostProcess::about));
    }

    /** What /proc says of a process; empty if it has ended. */
    private static Optional<HostProcess> read(Path entry) {
        try {
            // The name in parentheses may hold anything, so the fields count from its end: state,
            // parent, and so on to the start time, the 22nd of all.
            String stat = Files.readString(entry.resolve("stat"));
            int behindName = stat.lastIndexOf(')') + 1;
            String[] fields = stat.substring(behindName + 1).split(" ", -1);
            long tracer =
                    Files.readAllLines(entry.resolve("status")).stream()
                            .filter(line -> line.startsWith(TRACER))
                            .mapToLong(line -> Long.parseLong(line.substring(TRACER.length())))
                            .findFirst()
                            .orElse(0);
            String number = entry.getFileName().toString();
            return Optional.of(
                    new HostProcess(
                            Long.parseLong(number),
                            Long.parseLong(fields[1]),
                            tracer,
                            number + " started at " + fields[19],
                            "%s %s, child of %s, traced by %d"
                                    .formatted(
                                            stat.substring(stat.indexOf('('), behindName),
                                            fields[0],
                                            fields[1],
                                            tracer)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Map<String, String> mappings() throws IOException {
        Map<String, String> found = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            String[] fields = line.split(" +", 6);
            if (fields.length == 6 && OWNED_MAPPINGS.matcher(fields[5]).matches()) {
                found.put(fields[0], fields[5]);
            }
        }
        return found;
    }
}
