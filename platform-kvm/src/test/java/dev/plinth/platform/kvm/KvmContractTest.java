package dev.plinth.platform.kvm;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.testkit.contract.PlatformContract;

@RequiresKvm
class KvmContractTest extends PlatformContract {
    @Override
    public PlatformFactory factory() {
        return new KvmPlatformFactory();
    }
}
