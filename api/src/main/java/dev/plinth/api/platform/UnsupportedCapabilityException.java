package dev.plinth.api.platform;

import static java.util.Objects.requireNonNull;

/** A platform was asked for a feature that its capabilities do not have. */
public final class UnsupportedCapabilityException extends UnsupportedOperationException {
    private static final long serialVersionUID = 1L;

    private final PlatformFeature feature;

    public UnsupportedCapabilityException(PlatformFeature feature) {
        super("the platform does not support " + requireNonNull(feature, "feature is null"));
        this.feature = feature;
    }

    /** What is lacking. */
    public PlatformFeature feature() {
        return feature;
    }
}
