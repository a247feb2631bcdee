package dev.plinth.kernel.plugin;

import org.pf4j.BasePluginLoader;
import org.pf4j.CompoundPluginLoader;
import org.pf4j.DefaultPluginLoader;
import org.pf4j.DefaultPluginManager;
import org.pf4j.ExtensionFinder;
import org.pf4j.IndexedExtensionFinder;
import org.pf4j.JarPluginLoader;
import org.pf4j.PluginDescriptorFinder;
import org.pf4j.PluginLoader;
import org.pf4j.PluginStatusProvider;
import org.pf4j.PropertiesPluginDescriptorFinder;

import java.nio.file.Path;

/**
 * PF4J with what Plinth uses of it: plugins loaded by path, extensions listed in {@code
 * META-INF/extensions.idx}, no file of enabled and disabled plugins.
 *
 * <p>The factory methods are called by the super-constructor, before this class has any state; it
 * has none.
 */
final class PlatformPluginManager extends DefaultPluginManager {
    PlatformPluginManager(Path directory) {
        super(directory);
    }

    @Override
    protected PluginDescriptorFinder createPluginDescriptorFinder() {
        return new PropertiesPluginDescriptorFinder();
    }

    @Override
    protected ExtensionFinder createExtensionFinder() {
        return new IndexedExtensionFinder(this);
    }

    @Override
    protected PluginLoader createPluginLoader() {
        BasePluginLoader exploded = new DefaultPluginLoader(this);
        return new CompoundPluginLoader().add(new JarPluginLoader(this)).add(exploded);
    }

    @Override
    protected PluginStatusProvider createPluginStatusProvider() {
        return new PluginStatusProvider() {
            @Override
            public boolean isPluginDisabled(String pluginId) {
                return false;
            }

            @Override
            public void disablePlugin(String pluginId) {
                throw new UnsupportedOperationException("plugins are not disabled");
            }

            @Override
            public void enablePlugin(String pluginId) {
                throw new UnsupportedOperationException("plugins are not disabled");
            }
        };
    }
}
