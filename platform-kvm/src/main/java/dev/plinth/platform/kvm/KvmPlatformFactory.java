package dev.plinth.platform.kvm;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import org.pf4j.Extension;

import java.util.List;

/** The plugin's extension: makes platforms that run guests in a virtual machine. */
@Extension
public final class KvmPlatformFactory implements PlatformFactory {
    /** Under which the sandbox receives KVM's descriptor. */
    static final FdRole DEVICE = FdRole.device("kvm");

    /** What the launcher opens. */
    static final String PATH = "/dev/kvm";

    public KvmPlatformFactory() {}

    @Override
    public String name() {
        return "kvm";
    }

    @Override
    public String description() {
        return "runs programs in ring 3 of a virtual machine; needs " + PATH;
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return List.of(
                new DeviceDeclaration(DEVICE, PATH, DeviceDeclaration.OpenMode.READ_WRITE, true));
    }

    @Override
    public Availability availability(HostKernel host) {
        return HostProbe.availability(host);
    }

    @Override
    public Platform create(PlatformContext context) {
        return new KvmPlatform(context);
    }
}
