package dev.plinth.testkit.contract;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.PlatformFactory;

import java.util.List;

/** What the tests of one part of the contract get; {@link PlatformContract} provides it. */
interface ContractPart {
    /** The platform, new for each test. */
    PlatformUnderTest tested();

    /** The factory that made it. */
    PlatformFactory factory();

    /** The pages of the platform's own that the guest sees, as the subclass says. */
    List<AddressRange> platformPages();
}
