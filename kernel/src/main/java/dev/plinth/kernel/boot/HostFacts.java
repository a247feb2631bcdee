package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.fs.sysfs.ProcessorCache;
import dev.plinth.kernel.task.RandomSource;
import dev.plinth.kernel.task.UtsName;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a sandbox takes over from the host that it is made on: names, users, randomness. */
final class HostFacts {
    private static final long SYS_UNAME = 63;
    private static final long SYS_SYSINFO = 99;
    private static final long SYS_GETGROUPS = 115;
    private static final long SYS_GETEUID = 107;
    private static final long SYS_GETEGID = 108;
    private static final long SYS_GETRANDOM = 318;

    /** NGROUPS_MAX of linux/limits.h. */
    private static final int MAX_GROUPS = 65536;

    /** What one getrandom(2) gives without being broken off by a signal. */
    private static final long RANDOM_PIECE = 256;

    /** {@code struct sysinfo}. */
    private static final long SYSINFO_BYTES = 112;

    private static final long SYSINFO_TOTALRAM = 32;
    private static final long SYSINFO_MEM_UNIT = 104;

    /** What is told of a cache, but for its number and who shares it. */
    private static final List<String> CACHE_ATTRIBUTES =
            List.of(
                    "coherency_line_size",
                    "level",
                    "number_of_sets",
                    "physical_line_partition",
                    "size",
                    "type",
                    "ways_of_associativity");

    /** From this level on, a cache is told to be that of all processors. */
    private static final int FIRST_SHARED_LEVEL = 3;

    private static final Logger log = LoggerFactory.getLogger(HostFacts.class);

    private final HostKernel host;

    HostFacts(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    /** The host's own names: programs find the release that they would find outside. */
    UtsName utsName() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment names = arena.allocate(6L * UtsName.FIELD_BYTES);
            host.require("uname", SYS_UNAME, names.address());
            return new UtsName(
                    field(names, 0),
                    field(names, 1),
                    field(names, 2),
                    field(names, 3),
                    field(names, 4),
                    field(names, 5));
        }
    }

    private static String field(MemorySegment names, int index) {
        return names.getString((long) index * UtsName.FIELD_BYTES, StandardCharsets.ISO_8859_1);
    }

    /** The user that runs Plinth: what files of the host can be read is then the same inside. */
    Credentials credentials() {
        int uid = (int) host.require("geteuid", SYS_GETEUID);
        int gid = (int) host.require("getegid", SYS_GETEGID);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment list = arena.allocate(ValueLayout.JAVA_INT, MAX_GROUPS);
            int count = (int) host.require("getgroups", SYS_GETGROUPS, MAX_GROUPS, list.address());
            List<Integer> groups = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                groups.add(list.getAtIndex(ValueLayout.JAVA_INT, i));
            }
            return Credentials.ofUser(uid, gid, groups);
        }
    }

    /** Bytes of memory that the host has. */
    long memoryTotal() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(SYSINFO_BYTES, Long.BYTES);
            host.require("sysinfo", SYS_SYSINFO, info.address());
            long units = info.get(ValueLayout.JAVA_LONG, SYSINFO_TOTALRAM);
            return units * info.get(ValueLayout.JAVA_INT, SYSINFO_MEM_UNIT);
        }
    }

    /**
     * What the host tells of its first processor, as lines of /proc/cpuinfo but for the one that
     * numbers it: programs execute on it, and its instructions tell them the same.
     */
    String processorDescription() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.takeWhile(line -> !line.isBlank())
                    .filter(line -> !line.startsWith("processor"))
                    .map(line -> line + "\n")
                    .collect(Collectors.joining());
        } catch (IOException | UncheckedIOException e) {
            log.warn("/proc/cpuinfo of the host cannot be read: {}", e.toString());
            return "";
        }
    }

    /** The caches of the host's first processor; none if the host does not tell. */
    List<ProcessorCache> processorCaches() {
        List<ProcessorCache> caches = new ArrayList<>();
        Path directory = Path.of("/sys/devices/system/cpu/cpu0/cache");
        for (int i = 0; Files.isDirectory(directory.resolve("index" + i)); i++) {
            Path cache = directory.resolve("index" + i);
            Map<String, String> attributes = new HashMap<>();
            for (String name : CACHE_ATTRIBUTES) {
                try {
                    attributes.put(name, Files.readString(cache.resolve(name)).strip());
                } catch (IOException e) {
                    log.debug("{} of {} cannot be read: {}", name, cache, e.toString());
                }
            }
            int level = Integer.parseInt(attributes.getOrDefault("level", "1"));
            caches.add(new ProcessorCache(attributes, level >= FIRST_SHARED_LEVEL));
        }
        return caches;
    }

    /** The host's random numbers. */
    RandomSource random() {
        return target -> {
            long done = 0;
            while (done < target.byteSize()) {
                long piece = Math.min(RANDOM_PIECE, target.byteSize() - done);
                long got = host.syscall(SYS_GETRANDOM, target.address() + done, piece, 0);
                if (Errno.isError(got) && got != -Errno.EINTR.number()) {
                    throw HostCallException.ofResult("getrandom", new long[] {piece}, got);
                }
                done += Math.max(0, got);
            }
        };
    }
}
