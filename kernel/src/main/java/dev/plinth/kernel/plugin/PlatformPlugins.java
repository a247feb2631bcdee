package dev.plinth.kernel.plugin;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.pf4j.PluginRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The platforms that plugins in a directory provide. */
public final class PlatformPlugins {
    private static final Logger log = LoggerFactory.getLogger(PlatformPlugins.class);

    private final PluginDirectory directory;

    /**
     * Looks at a directory when asked, not before.
     *
     * @param directory with plugins: zips, jars, or exploded
     */
    public PlatformPlugins(Path directory) {
        this.directory = new PluginDirectory(directory);
    }

    /**
     * The names of the platforms, sorted.
     *
     * @throws SandboxException if the directory cannot be read, or a descriptor in it
     */
    public List<String> names() {
        return directory.entries().stream()
                .map(PluginDirectory.Entry::id)
                .distinct()
                .sorted()
                .toList();
    }

    /**
     * Loads the plugin that provides a platform that works here.
     *
     * @param name of the platform
     * @return the platform; the caller owns it
     * @throws SandboxException if no plugin provides it, two do, the one that does is broken, or
     *     the platform does not work here
     */
    public LoadedPlatform loadUsable(String name, HostKernel host) {
        LoadedPlatform platform = load(name);
        if (platform.factory().availability(host) instanceof Availability.Unusable unusable) {
            platform.close();
            throw new SandboxException(
                    ErrorCode.PLATFORM_UNUSABLE,
                    "platform %s does not work here: %s".formatted(name, unusable.reason()),
                    unusable.remedy());
        }
        return platform;
    }

    /**
     * Loads the plugin that provides a platform.
     *
     * @param name of the platform
     * @return the platform; the caller owns it
     * @throws SandboxException if no plugin provides it, two do, or the one that does is broken
     */
    public LoadedPlatform load(String name) {
        requireNonNull(name, "name is null");
        List<PluginDirectory.Entry> entries = directory.entries();
        List<PluginDirectory.Entry> found =
                entries.stream().filter(entry -> entry.id().equals(name)).toList();
        if (found.isEmpty()) {
            throw new SandboxException(
                    ErrorCode.PLATFORM_UNKNOWN,
                    "no plugin provides a platform named '" + name + "'",
                    "choose one of: "
                            + entries.stream()
                                    .map(PluginDirectory.Entry::id)
                                    .distinct()
                                    .sorted()
                                    .collect(Collectors.joining(", ")));
        }
        if (found.size() > 1) {
            throw new SandboxException(
                    ErrorCode.PLATFORM_AMBIGUOUS,
                    "two plugins provide a platform named '%s': %s and %s"
                            .formatted(name, found.get(0).file(), found.get(1).file()),
                    "remove one of the files");
        }
        return load(found.getFirst());
    }

    /**
     * Loads every plugin that can be loaded; what is wrong with another is logged.
     *
     * @return the platforms, in the order of their names; the caller owns them
     * @throws SandboxException if the directory cannot be read, or a descriptor in it
     */
    public List<LoadedPlatform> loadAll() {
        List<LoadedPlatform> platforms = new ArrayList<>();
        for (String name : names()) {
            try {
                platforms.add(load(name));
            } catch (SandboxException e) {
                log.warn("passing over platform {}: {}", name, e.getMessage());
            }
        }
        return platforms;
    }

    private LoadedPlatform load(PluginDirectory.Entry entry) {
        Path path = directory.loadable(entry);
        PlatformPluginManager manager =
                new PlatformPluginManager(path.toAbsolutePath().getParent());
        boolean loaded = false;
        try {
            PlatformFactory factory = factory(manager, path, entry);
            log.debug("loaded platform {} from {}", entry.id(), entry.file());
            loaded = true;
            return new LoadedPlatform(factory, entry.file(), manager::unloadPlugins);
        } finally {
            if (!loaded) {
                manager.unloadPlugins();
            }
        }
    }

    // PF4J could make the extension itself, but then logs what goes wrong, and tells nobody else.
    private static PlatformFactory factory(
            PlatformPluginManager manager, Path path, PluginDirectory.Entry entry) {
        try {
            String id = manager.loadPlugin(path);
            manager.startPlugin(id);
            String className = onlyExtension(entry, manager.getExtensionClassNames(id));
            PlatformFactory factory =
                    Class.forName(className, true, manager.getPluginClassLoader(id))
                            .asSubclass(PlatformFactory.class)
                            .getConstructor()
                            .newInstance();
            requireName(entry, factory);
            return factory;
        } catch (InvocationTargetException e) {
            throw new PluginLoadException(entry.file(), "fails: " + e.getCause(), e);
        } catch (PluginRuntimeException
                | ReflectiveOperationException
                | LinkageError
                | ClassCastException e) {
            throw new PluginLoadException(entry.file(), "cannot be loaded: " + e, e);
        }
    }

    private static String onlyExtension(PluginDirectory.Entry entry, Set<String> classNames) {
        if (classNames.size() != 1) {
            throw new PluginLoadException(
                    entry.file(),
                    "META-INF/extensions.idx names %d extensions instead of one"
                            .formatted(classNames.size()));
        }
        return classNames.iterator().next();
    }

    private static void requireName(PluginDirectory.Entry entry, PlatformFactory factory) {
        if (!entry.id().equals(factory.name())) {
            throw new PluginLoadException(
                    entry.file(),
                    "plugin.id is '%s', but the platform calls itself '%s'"
                            .formatted(entry.id(), factory.name()));
        }
    }
}
