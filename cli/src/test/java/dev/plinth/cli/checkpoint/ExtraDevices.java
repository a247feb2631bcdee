package dev.plinth.cli.checkpoint;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.DeviceDeclaration.OpenMode;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import java.util.ArrayList;
import java.util.List;

/**
 * A platform that declares more devices than it needs, ahead of its own: what once moved standard
 * input, output and error.
 */
record ExtraDevices(PlatformFactory platform, int count) implements PlatformFactory {
    private static final List<DeviceDeclaration> EXTRA =
            List.of(
                    device("null", "/dev/null", true),
                    device("absent", "/dev/plinth-has-none", false),
                    device("zero", "/dev/zero", true));

    private static DeviceDeclaration device(String name, String path, boolean required) {
        return new DeviceDeclaration(FdRole.device(name), path, OpenMode.READ_ONLY, required);
    }

    @Override
    public String name() {
        return platform.name();
    }

    @Override
    public String description() {
        return platform.description();
    }

    @Override
    public List<DeviceDeclaration> devices() {
        List<DeviceDeclaration> all = new ArrayList<>(EXTRA.subList(0, count));
        all.addAll(platform.devices());
        return all;
    }

    @Override
    public Availability availability(HostKernel host) {
        return platform.availability(host);
    }

    @Override
    public Platform create(PlatformContext context) {
        for (DeviceDeclaration device : EXTRA.subList(0, count)) {
            if (context.device(device.role()).isPresent() != device.required()) {
                throw new IllegalStateException(device + " was not donated as declared");
            }
        }
        return platform.create(context);
    }
}
