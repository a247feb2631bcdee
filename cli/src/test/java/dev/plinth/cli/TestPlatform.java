package dev.plinth.cli;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.plugin.PlatformPlugins;

import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/** A platform of the distribution that tests run programs on. */
public record TestPlatform(String name) {
    private static final PlatformPlugins PLUGINS =
            new PlatformPlugins(Path.of(System.getProperty("plinth.dist"), "plugins"));

    private static final HostKernel HOST =
            ServiceLoader.load(HostKernel.class).findFirst().orElseThrow();

    /** All of them. */
    public static Stream<TestPlatform> all() {
        return PLUGINS.names().stream().map(TestPlatform::new);
    }

    /** Those that work here; {@link PlatformsIT} says what does not, and why. */
    public static Stream<TestPlatform> usable() {
        return all().filter(platform -> platform.obstacle().isEmpty());
    }

    /** Why it does not work here; empty if it does. */
    public Optional<String> obstacle() {
        try (LoadedPlatform platform = PLUGINS.load(name)) {
            return switch (platform.factory().availability(HOST)) {
                case Availability.Usable usable -> Optional.empty();
                case Availability.Unusable unusable ->
                        Optional.of(unusable.reason() + "; " + unusable.remedy());
            };
        }
    }

    /** A program in a sandbox on the platform, and with the default settings otherwise. */
    public TestCommand sandboxed(String... program) {
        return run("--").and(program);
    }

    /** {@code plinth run} on the platform, with arguments. */
    public TestCommand run(String... arguments) {
        return TestCommand.plinth("run", "--platform", name).and(arguments);
    }

    @Override
    public String toString() {
        return name;
    }
}
