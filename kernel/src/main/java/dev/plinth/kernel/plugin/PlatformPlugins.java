package dev.plinth.kernel.plugin;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.pf4j.PluginRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    // A plugin's classes are not ours: whatever they throw while they are loaded and asked for
    // their name is a broken plugin, and nothing else of Plinth is harmed by it.
    private LoadedPlatform load(PluginDirectory.Entry entry) {
        Path path = directory.loadable(entry);
        PlatformPluginManager manager = new PlatformPluginManager(path.toAbsolutePath().getParent());
        try {
            String id = manager.loadPlugin(path);
            manager.startPlugin(id);
            PlatformFactory factory = onlyFactory(entry, manager.getExtensions(PlatformFactory.class, id));
            if (!entry.id().equals(factory.name())) {
                throw new PluginLoadException(
                        entry.file(),
                        "plugin.id is '%s', but the platform calls itself '%s'"
                                .formatted(entry.id(), factory.name()));
            }
            log.debug("loaded platform {} from {}", entry.id(), entry.file());
            return new LoadedPlatform(factory, entry.file(), manager::unloadPlugins);
        } catch (PluginLoadException e) {
            manager.unloadPlugins();
            throw e;
        } catch (PluginRuntimeException | LinkageError e) {
            manager.unloadPlugins();
            throw new PluginLoadException(entry.file(), "cannot be loaded (" + e + ")", e);
        } catch (RuntimeException e) {
            manager.unloadPlugins();
            throw new PluginLoadException(entry.file(), "fails when it is loaded (" + e + ")", e);
        }
    }

    private static PlatformFactory onlyFactory(
            PluginDirectory.Entry entry, List<PlatformFactory> factories) {
        if (factories.size() != 1) {
            throw new PluginLoadException(
                    entry.file(),
                    "provides %d platforms instead of one".formatted(factories.size())
                            + " (is META-INF/extensions.idx there, and the class it names?)");
        }
        return factories.getFirst();
    }
}
