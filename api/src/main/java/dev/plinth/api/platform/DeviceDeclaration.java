package dev.plinth.api.platform;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.layout.FdRole;

/**
 * A device that a platform needs open.
 *
 * @param role under which the sandbox receives the descriptor, made by {@link FdRole#device}
 * @param path to open, absolute
 * @param openMode how
 * @param required whether the platform is unusable without it; an optional one that cannot be
 *     opened keeps its number, unused
 */
public record DeviceDeclaration(FdRole role, String path, OpenMode openMode, boolean required) {
    /** How a device is opened. */
    public enum OpenMode {
        READ_ONLY,
        READ_WRITE
    }

    public DeviceDeclaration {
        requireNonNull(role, "role is null");
        requireNonNull(openMode, "openMode is null");
        if (!role.name().startsWith("device/")) {
            throw new IllegalArgumentException("not a device role: " + role);
        }
        if (!path.startsWith("/")) {
            throw new IllegalArgumentException("not an absolute path: " + path);
        }
    }
}
