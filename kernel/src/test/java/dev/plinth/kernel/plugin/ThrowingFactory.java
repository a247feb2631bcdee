package dev.plinth.kernel.plugin;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import java.util.List;

/** A factory whose constructor fails. */
public final class ThrowingFactory implements PlatformFactory {
    public ThrowingFactory() {
        throw new IllegalStateException("no luck");
    }

    @Override
    public String name() {
        return "testing";
    }

    @Override
    public String description() {
        return "fails";
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
        throw new UnsupportedOperationException("it is for tests");
    }
}
