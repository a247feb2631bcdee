package dev.plinth.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The ways to run a program that this machine has. */
final class Runners {
    static final String NATIVE = "native";
    static final String TRACER = "C tracer";
    static final String HALT = "KVM_RUN";
    static final String VM = "C vm";
    static final String PLINTH = "plinth ";
    static final String RUNSC = "runsc ptrace";

    private static final Duration LIMIT = Duration.ofMinutes(1);

    /** Commands that are measured, or measured with, and their packages. */
    private static final Map<String, String> PACKAGES =
            new TreeMap<>(
                    Map.of(
                            "proot", "proot",
                            "bwrap", "bubblewrap",
                            "qemu-x86_64-static", "qemu-user-static",
                            "busybox", "busybox",
                            "python3", "python3",
                            "git", "git",
                            "sqlite3", "sqlite3",
                            "java", "default-jre-headless"));

    private Runners() {}

    /**
     * Finds them.
     *
     * @param plinth the command
     */
    static List<Runner> find(Path plinth, Programs programs) {
        List<Runner> runners = new ArrayList<>();
        runners.add(Runner.of(NATIVE));
        runners.add(
                new Runner(
                        TRACER,
                        List.of(programs.tracer().toString()),
                        Map.of(),
                        Set.of("getpid", "null_rw", "sched_yield")::contains,
                        false));
        List<String> platforms = usablePlatforms(plinth);
        if (platforms.contains("kvm")) {
            runners.add(vm(HALT, programs, "halt"));
            runners.add(vm(VM, programs, "syscall"));
        }
        for (String platform : platforms) {
            runners.add(
                    Runner.of(
                            PLINTH + platform,
                            plinth.toString(),
                            "run",
                            "--platform",
                            platform,
                            "--"));
        }
        Programs.find("runsc")
                .filter(runsc -> isRoot())
                .ifPresent(runsc -> runners.add(runsc(runsc)));
        peer("proot").ifPresent(runners::add);
        peer("bwrap", "--dev-bind", "/", "/").ifPresent(runners::add);
        Programs.find("qemu-x86_64-static")
                .map(qemu ->
                        new Runner(
                                "qemu-user",
                                List.of(qemu.toString()),
                                Map.of(),
                                // It starts a program that a guest names outside of itself.
                                test -> !test.equals("fork_exec_wait"),
                                true))
                .ifPresent(runners::add);
        return runners;
    }

    /**
     * What can save and restore sandboxes.
     *
     * @param plinth the command
     * @param work directory for what is known of sandboxes
     */
    static List<Keeper> keepers(Path plinth, Path work) {
        List<String> platforms = usablePlatforms(plinth);
        List<Keeper> keepers = new ArrayList<>();
        for (String platform : platforms) {
            keepers.add(
                    new PlinthKeeper(plinth, work.resolve("plinth"), platform, Optional.empty()));
        }
        for (String platform : platforms) {
            for (String other : platforms) {
                if (!platform.equals(other)) {
                    keepers.add(
                            new PlinthKeeper(
                                    plinth, work.resolve("plinth"), platform, Optional.of(other)));
                }
            }
        }
        Programs.find("runsc")
                .filter(runsc -> isRoot())
                .ifPresent(runsc -> keepers.add(new RunscKeeper(runsc, work)));
        return keepers;
    }

    /** What could be measured if it were installed, with what to do about it. */
    static List<String> missing() {
        List<String> missing = new ArrayList<>();
        if (Programs.find("runsc").isEmpty()) {
            missing.add("runsc is not installed (https://gvisor.dev, or Debian: runsc)");
        } else if (!isRoot()) {
            missing.add("runsc runs for root only");
        }
        PACKAGES.forEach((command, debian) -> {
            if (Programs.find(command).isEmpty()) {
                missing.add("%s is not installed (Debian: %s)".formatted(command, debian));
            }
        });
        return missing;
    }

    /** Those that the aims speak of, and that are fast enough for a quick look. */
    static List<Runner> essential(List<Runner> runners) {
        Set<String> names = Set.of(NATIVE, PLINTH + "ptrace", RUNSC);
        return runners.stream().filter(runner -> names.contains(runner.name())).toList();
    }

    private static Runner vm(String name, Programs programs, String what) {
        return new Runner(
                name,
                List.of(programs.vm().toString(), what),
                Map.of(),
                Set.of("getpid")::contains,
                false);
    }

    private static Runner runsc(Path runsc) {
        return Runner.of(
                RUNSC,
                runsc.toString(),
                "--network=none",
                "--platform=ptrace",
                "--ignore-cgroups",
                "do");
    }

    private static Optional<Runner> peer(String name, String... options) {
        return Programs.find(name)
                .map(path -> {
                    List<String> prefix = new ArrayList<>(List.of(path.toString()));
                    prefix.addAll(List.of(options));
                    return Runner.of(name, prefix.toArray(String[]::new));
                });
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static List<String> usablePlatforms(Path plinth) {
        ChildProcess asked =
                ChildProcess.run(
                        List.of(plinth.toString(), "platforms", "--format", "json"),
                        Map.of(),
                        LIMIT);
        if (!asked.succeeded()) {
            throw new BenchException("plinth does not run: " + asked.failure());
        }
        JsonArray platforms = JsonParser.parseString(asked.output()).getAsJsonArray();
        List<String> usable = new ArrayList<>();
        for (JsonElement element : platforms) {
            JsonObject platform = element.getAsJsonObject();
            if (platform.get("usable").getAsBoolean()) {
                usable.add(platform.get("name").getAsString());
            }
        }
        return usable;
    }
}
