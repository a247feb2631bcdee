package dev.plinth.cli.checkpoint;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.cli.TestPlatform;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.testkit.mock.MockPlatformFactory;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Plinth with the platforms of the distribution that work here, and the mock. */
final class TestPlatforms implements AutoCloseable {
    static final String MOCK = "mock";

    private final Plinth plinth =
            Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
    private final Map<String, LoadedPlatform> loaded = new TreeMap<>();

    TestPlatforms() {
        TestPlatform.usable()
                .forEach(platform ->
                        loaded.put(platform.name(), plinth.loadPlatform(platform.name())));
    }

    Plinth plinth() {
        return plinth;
    }

    /** All of them. */
    List<String> names() {
        List<String> names = new ArrayList<>(real());
        names.add(MOCK);
        return names;
    }

    /** Those that run any program. */
    List<String> real() {
        return List.copyOf(loaded.keySet());
    }

    /** One for a program that begins. */
    PlatformFactory get(String name) {
        return name.equals(MOCK)
                ? new MockPlatformFactory().withInstructions()
                : loaded.get(name).factory();
    }

    /** One for a program that goes on: the mock is said to be what it began on. */
    PlatformFactory getFor(String name, Path image) {
        if (!name.equals(MOCK)) {
            return get(name);
        }
        try (Image opened = Image.open(image)) {
            return mockFor(opened.inventory());
        }
    }

    private static MockPlatformFactory mockFor(Inventory inventory) {
        return new MockPlatformFactory()
                .withInstructions()
                .withCpu(inventory.cpu())
                .withFeatures(
                        inventory.features().stream()
                                .map(PlatformFeature::valueOf)
                                .collect(Collectors.toUnmodifiableSet()));
    }

    @Override
    public void close() {
        loaded.values().forEach(LoadedPlatform::close);
    }
}
