package dev.plinth.api.platform;

import dev.plinth.api.host.HostKernel;

import org.pf4j.ExtensionPoint;

import java.util.List;

/**
 * Makes a platform: the extension that a plugin provides.
 *
 * <p>An implementation is public, has a public constructor without parameters, keeps no state and
 * does nothing when constructed: plugins are asked for their names and devices far more often than
 * for a platform. Any thread may call any method.
 */
public interface PlatformFactory extends ExtensionPoint {
    /** The name by which a user chooses the platform: lower-case letters, digits and dashes. */
    String name();

    /** One line that tells a user what the platform is. */
    String description();

    /**
     * The device descriptors that the platform needs, in the order in which they are donated.
     *
     * <p>The order is part of what the plugin promises: it decides descriptor numbers. The launcher
     * opens the devices; the platform receives them open in its context and never opens them
     * itself.
     *
     * @return the same list at each call; empty if the platform needs none
     */
    List<DeviceDeclaration> devices();

    /**
     * Whether the platform works on this host, for this user.
     *
     * <p>Called before anything is donated, possibly without {@link #create} to follow. It may
     * probe, and leaves nothing behind.
     *
     * @param host to probe with
     * @return usable; or why not, and what a user can do about it
     */
    Availability availability(HostKernel host);

    /**
     * Makes a platform for one sandbox.
     *
     * @param context what the kernel provides; borrowed, valid until the platform is closed
     * @return the platform; the caller owns it
     * @throws dev.plinth.api.host.HostCallException if the host refuses something it needs
     */
    Platform create(PlatformContext context);
}
