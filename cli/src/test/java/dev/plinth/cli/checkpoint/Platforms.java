package dev.plinth.cli.checkpoint;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Plinth in this JVM, with the platforms of a distribution as far as they work here. */
final class Platforms implements AutoCloseable {
    private final Plinth plinth;
    private final SortedMap<String, LoadedPlatform> usable = new TreeMap<>();

    Platforms(Path plugins) {
        plinth = Plinth.create(plugins);
        for (String name : plinth.plugins().names()) {
            try {
                usable.put(name, plinth.loadPlatform(name));
            } catch (SandboxException e) {
                System.err.println(name + " unusable: " + e.getMessage());
            }
        }
    }

    Plinth plinth() {
        return plinth;
    }

    SortedMap<String, LoadedPlatform> usable() {
        return usable;
    }

    List<String> names() {
        return new ArrayList<>(usable.keySet());
    }

    @Override
    public void close() {
        usable.values().forEach(LoadedPlatform::close);
    }
}
