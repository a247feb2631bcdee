package dev.plinth.kernel.boot;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;

import java.util.List;
import java.util.Optional;

/** Makes platforms that do what others do until they are told to refuse. */
public final class RefusingPlatforms implements PlatformFactory {
    private final PlatformFactory others;
    private volatile Optional<Errno> contextRefusal = Optional.empty();
    private volatile Optional<Errno> spaceRefusal = Optional.empty();

    RefusingPlatforms(PlatformFactory others) {
        this.others = others;
    }

    /** Has every new execution context refused from now on, or none. */
    public void refuseContexts(Optional<Errno> errno) {
        contextRefusal = errno;
    }

    /** Has every new address space refused from now on, or none. */
    public void refuseAddressSpaces(Optional<Errno> errno) {
        spaceRefusal = errno;
    }

    private static void refuse(String operation, Optional<Errno> errno) {
        if (errno.isPresent()) {
            throw new HostCallException(operation, errno.get());
        }
    }

    @Override
    public String name() {
        return others.name();
    }

    @Override
    public String description() {
        return others.description();
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return others.devices();
    }

    @Override
    public Availability availability(HostKernel host) {
        return others.availability(host);
    }

    @Override
    public Platform create(PlatformContext context) {
        return new RefusingPlatform(others.create(context));
    }

    private final class RefusingPlatform implements Platform {
        private final Platform platform;

        RefusingPlatform(Platform platform) {
            this.platform = platform;
        }

        @Override
        public PlatformCapabilities capabilities() {
            return platform.capabilities();
        }

        @Override
        public AddressSpace newAddressSpace() {
            refuse("new address space", spaceRefusal);
            return platform.newAddressSpace();
        }

        @Override
        public ExecutionContext newContext() {
            refuse("new context", contextRefusal);
            return platform.newContext();
        }

        @Override
        public void close() {
            platform.close();
        }
    }
}
