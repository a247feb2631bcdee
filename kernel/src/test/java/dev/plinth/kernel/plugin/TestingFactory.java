package dev.plinth.kernel.plugin;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import java.util.List;

/** A factory whose class file the tests put into plugins; it makes no platform. */
public final class TestingFactory implements PlatformFactory {
    @Override
    public String name() {
        return "testing";
    }

    @Override
    public String description() {
        return "makes nothing";
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return List.of();
    }

    @Override
    public Availability availability(HostKernel host) {
        return Availability.unusable("it is for tests", "choose another");
    }

    @Override
    public Platform create(PlatformContext context) {
        throw new UnsupportedOperationException("it is for tests");
    }
}
