package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.mm.AddressLayout;
import dev.plinth.kernel.state.NotSaved;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The platform that executes the guests now, and what programs are shown of it: as long as they
 * live the same, even on another platform, but for how many contexts it has.
 *
 * <p>Any thread may ask. The platform is replaced while the world is stopped.
 */
@NotSaved("the platform's; what the processor was shown to be is in the image's inventory")
final class PlatformInUse {
    private volatile Platform platform;
    private volatile PlatformCapabilities capabilities;

    /**
     * The first one.
     *
     * @param known what programs were shown before a restore, which it has
     */
    PlatformInUse(Platform platform, Optional<PlatformCapabilities> known) {
        this.platform = requireNonNull(platform, "platform is null");
        this.capabilities = shown(known.orElseGet(platform::capabilities));
    }

    /**
     * What programs are shown: what the platform can do, but no address that one which the sandbox
     * may go to cannot map.
     */
    private static PlatformCapabilities shown(PlatformCapabilities offered) {
        Set<PlatformFeature> features = new HashSet<>(offered.features());
        if (offered.cpu().vectorStateBytes() == 0) {
            features.remove(PlatformFeature.VECTOR_STATE);
        }
        return new PlatformCapabilities(
                offered.userAddresses().intersect(AddressLayout.PORTABLE),
                offered.mapUnit(),
                offered.maxContexts(),
                offered.cpu(),
                features);
    }

    Platform platform() {
        return platform;
    }

    PlatformCapabilities capabilities() {
        return capabilities;
    }

    /** Goes on on another platform, which has all that the programs were shown. */
    void replace(Platform next) {
        platform = next;
        capabilities =
                new PlatformCapabilities(
                        capabilities.userAddresses(),
                        capabilities.mapUnit(),
                        next.capabilities().maxContexts(),
                        capabilities.cpu(),
                        capabilities.features());
    }
}
