package dev.plinth.kernel.plugin;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.PlatformFactory;

import java.nio.file.Path;

/**
 * A platform whose plugin's classes are loaded.
 *
 * <p>Closing unloads them; platforms made by the factory are closed before.
 */
public final class LoadedPlatform implements AutoCloseable {
    private final PlatformFactory factory;
    private final Path file;
    private final Runnable unload;

    LoadedPlatform(PlatformFactory factory, Path file, Runnable unload) {
        this.factory = requireNonNull(factory, "factory is null");
        this.file = requireNonNull(file, "file is null");
        this.unload = requireNonNull(unload, "unload is null");
    }

    /** The plugin's extension. */
    public PlatformFactory factory() {
        return factory;
    }

    /** The file that the plugin came from. */
    public Path file() {
        return file;
    }

    @Override
    public void close() {
        unload.run();
    }
}
