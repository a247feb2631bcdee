package dev.plinth.example.emulator;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import org.pf4j.Extension;

import java.util.List;

/** Makes emulators. It needs nothing of the host, so it is usable everywhere. */
@Extension
public final class EmulatorPlatformFactory implements PlatformFactory {
    @Override
    public String name() {
        return "emulator";
    }

    @Override
    public String description() {
        return "Executes a few dozen instructions in Java; an example";
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return List.of();
    }

    @Override
    public Availability availability(HostKernel host) {
        return Availability.usable();
    }

    @Override
    public Platform create(PlatformContext context) {
        return new EmulatorPlatform(context.backingFiles());
    }
}
