package dev.plinth.api.platform;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;

import java.util.Set;

/**
 * What a platform can do, constant for its life.
 *
 * @param userAddresses every address that can be mapped lies in here, page aligned; all of it can
 *     be mapped
 * @param mapUnit the size in bytes in whose multiples memory is mapped, a power of two and at least
 *     the page size
 * @param maxContexts how many execution contexts can be open at once, over all address spaces
 * @param cpu what a program is told of the processor
 * @param features what the platform has of the optional features
 */
public record PlatformCapabilities(
        AddressRange userAddresses,
        int mapUnit,
        int maxContexts,
        CpuFeatures cpu,
        Set<PlatformFeature> features) {
    public PlatformCapabilities {
        if (userAddresses.isEmpty() || !userAddresses.isPageAligned()) {
            throw new IllegalArgumentException("not a user address range: " + userAddresses);
        }
        if (mapUnit < Pages.SIZE || Integer.bitCount(mapUnit) != 1) {
            throw new IllegalArgumentException("not a map unit: " + mapUnit);
        }
        if (maxContexts < 1) {
            throw new IllegalArgumentException("no context can be opened");
        }
        requireNonNull(cpu, "cpu is null");
        features = Set.copyOf(features);
    }

    /** Whether the platform has an optional feature. */
    public boolean has(PlatformFeature feature) {
        return features.contains(feature);
    }

    /**
     * Does nothing if the platform has the feature.
     *
     * @throws UnsupportedCapabilityException if it has not
     */
    public void require(PlatformFeature feature) {
        if (!has(feature)) {
            throw new UnsupportedCapabilityException(feature);
        }
    }
}
