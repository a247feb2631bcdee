package dev.plinth.example.emulator;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.testkit.contract.PlatformContract;

class EmulatorContractTest extends PlatformContract {
    @Override
    public PlatformFactory factory() {
        return new EmulatorPlatformFactory();
    }
}
