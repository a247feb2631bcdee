package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import org.pf4j.Extension;

import java.util.List;

/** The plugin's extension: makes platforms that run guests in traced stub processes. */
@Extension
public final class PtracePlatformFactory implements PlatformFactory {
    public PtracePlatformFactory() {}

    @Override
    public String name() {
        return "ptrace";
    }

    @Override
    public String description() {
        return "runs programs in traced processes; needs no device and no root";
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return List.of();
    }

    @Override
    public Availability availability(HostKernel host) {
        return HostProbe.availability(host);
    }

    @Override
    public Platform create(PlatformContext context) {
        return new PtracePlatform(context);
    }
}
