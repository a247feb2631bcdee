package dev.plinth.testkit.mock;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.testkit.contract.PlatformContract;

/** The mock, given the instructions of the contract's programs, keeps the contract. */
class MockContractTest extends PlatformContract {
    @Override
    public PlatformFactory factory() {
        return new MockPlatformFactory().withInstructions();
    }
}
