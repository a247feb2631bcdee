package dev.plinth.testkit.contract;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

import java.util.List;
import java.util.ServiceLoader;

/**
 * The tests that every platform must pass.
 *
 * <p>A platform is tested by a subclass that says which:
 *
 * <pre>{@code
 * class FooContractTest extends PlatformContract {
 *     @Override
 *     public PlatformFactory factory() {
 *         return new FooPlatformFactory();
 *     }
 * }
 * }</pre>
 *
 * <p>The test class path holds, beside the platform, an implementation of {@link HostKernel} for
 * {@link ServiceLoader}: that is the module plinth-kernel. A platform that says it cannot be used
 * here is skipped as a whole, with its reason printed.
 *
 * <p>Each test gets a platform of its own, and leaves nothing open. A feature that the platform
 * lacks is tested too: that it is refused as the {@code api} says. Where there is nothing to
 * refuse, the test passes: what holds without the feature is what another test checks.
 */
@Isolated("counts the descriptors, threads and children of the whole process")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class PlatformContract
        implements CapabilityContract,
                RegisterContract,
                FaultContract,
                CpuExceptionContract,
                MappingContract,
                InterruptContract,
                VectorStateContract,
                LifecycleContract,
                IsolationContract {
    private HostKernel host;
    private LeakCheck before;
    private PlatformUnderTest tested;

    /** The factory of the platform; called once for each use. */
    @Override
    public abstract PlatformFactory factory();

    /**
     * The pages of the platform's own that the guest could find in an address space, if there are
     * any: the tests attack them.
     */
    @Override
    public List<AddressRange> platformPages() {
        return List.of();
    }

    @Override
    public final PlatformUnderTest tested() {
        return tested;
    }

    @BeforeAll
    final void findHost() {
        host =
                ServiceLoader.load(HostKernel.class)
                        .findFirst()
                        .orElseThrow(() ->
                                new IllegalStateException(
                                        "no HostKernel: put plinth-kernel on the test class"
                                                + " path"));
        if (factory().availability(host) instanceof Availability.Unusable unusable) {
            String reason =
                    "skipped: platform %s cannot be used here: %s; %s"
                            .formatted(factory().name(), unusable.reason(), unusable.remedy());
            System.out.println(getClass().getName() + " " + reason);
            assumeTrue(false, reason);
        }
        // What a first use leaves for good, such as loaded libraries, is no leak.
        new PlatformUnderTest(host, factory()).close();
    }

    @BeforeEach
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    final void openPlatform() {
        before = LeakCheck.now();
        tested = new PlatformUnderTest(host, factory());
    }

    @AfterEach
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    final void closePlatform() {
        PlatformUnderTest closing = tested;
        tested = null;
        closing.close();
        before.assertNothingNew();
    }
}
