package dev.plinth.api.platform;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;

import java.util.List;
import java.util.Optional;

/** What the kernel gives to a platform, for the platform's whole life. */
public interface PlatformContext {
    /** The host's Linux. */
    HostKernel host();

    /**
     * The descriptor of a declared device.
     *
     * @return borrowed; present for a required device, empty for an optional one that could not be
     *     opened
     */
    Optional<HostFd> device(FdRole role);

    /**
     * The files whose ranges the kernel will map into address spaces: the memory file first.
     *
     * <p>They are few (one, or two after a restore), all known before the platform is created, and
     * live longer than it does: a platform may prepare each one once.
     */
    List<BackingFile> backingFiles();
}
