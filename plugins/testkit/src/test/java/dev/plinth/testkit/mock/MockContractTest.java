package dev.plinth.testkit.mock;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.testkit.contract.PlatformContract;

import java.util.List;

/** The mock, given the instructions of the contract's programs, keeps the contract. */
class MockContractTest extends PlatformContract {
    private record Factory(MockPlatformFactory mock) implements PlatformFactory {
        @Override
        public String name() {
            return mock.name();
        }

        @Override
        public String description() {
            return mock.description();
        }

        @Override
        public List<DeviceDeclaration> devices() {
            return mock.devices();
        }

        @Override
        public Availability availability(HostKernel host) {
            return mock.availability(host);
        }

        @Override
        public Platform create(PlatformContext context) {
            return new MockPlatform(
                    mock.programs(), new AssembledInstructions(), context.backingFiles());
        }
    }

    @Override
    public PlatformFactory factory() {
        return new Factory(new MockPlatformFactory());
    }
}
