package dev.plinth.cli.checkpoint;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;

/**
 * The extension of a plugin of the tests: a platform under another name, that declares more
 * devices. Which one and how many, its plugin says in a file.
 */
public final class PluginWithDevices implements PlatformFactory {
    static final String SETTINGS = "devices.properties";

    private final String name;
    private final ExtraDevices platform;

    /** Made by the plugin manager. */
    public PluginWithDevices() {
        ClassLoader loader = PluginWithDevices.class.getClassLoader();
        Properties settings = new Properties();
        try (InputStream file = loader.getResourceAsStream(SETTINGS)) {
            settings.load(file);
            this.name = settings.getProperty("name");
            this.platform =
                    new ExtraDevices(
                            Class.forName(settings.getProperty("factory"), true, loader)
                                    .asSubclass(PlatformFactory.class)
                                    .getConstructor()
                                    .newInstance(),
                            Integer.parseInt(settings.getProperty("count")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return platform.description();
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return platform.devices();
    }

    @Override
    public Availability availability(HostKernel host) {
        return platform.availability(host);
    }

    @Override
    public Platform create(PlatformContext context) {
        return platform.create(context);
    }
}
