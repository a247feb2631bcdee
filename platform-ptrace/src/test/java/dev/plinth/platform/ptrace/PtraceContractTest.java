package dev.plinth.platform.ptrace;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.platform.ptrace.stub.StubLayout;
import dev.plinth.testkit.contract.PlatformContract;

import java.util.List;

class PtraceContractTest extends PlatformContract {
    @Override
    public PlatformFactory factory() {
        return new PtracePlatformFactory();
    }

    @Override
    public List<AddressRange> platformPages() {
        return List.of(AddressRange.ofLength(StubLayout.BATCH_PAGE, 2 * 4096));
    }
}
