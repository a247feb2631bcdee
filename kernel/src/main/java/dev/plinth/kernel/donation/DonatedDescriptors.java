package dev.plinth.kernel.donation;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The descriptors that a sandbox was given, by role. Closing closes all of them. */
public final class DonatedDescriptors implements AutoCloseable {
    private final Map<FdRole, HostFd> descriptors;

    /**
     * Takes ownership of descriptors.
     *
     * @param descriptors by role
     */
    public DonatedDescriptors(Map<FdRole, HostFd> descriptors) {
        this.descriptors = new LinkedHashMap<>(descriptors);
    }

    /** The descriptor of a role, borrowed; empty if it was not donated, such as a closed stdin. */
    public Optional<HostFd> find(FdRole role) {
        return Optional.ofNullable(descriptors.get(role));
    }

    /**
     * Takes some out: from now on they belong to the result, which the caller owns.
     *
     * @param roles which; those that were not donated are left out
     */
    public DonatedDescriptors take(Collection<FdRole> roles) {
        Map<FdRole, HostFd> taken = new LinkedHashMap<>();
        for (FdRole role : roles) {
            HostFd fd = descriptors.remove(role);
            if (fd != null) {
                taken.put(role, fd);
            }
        }
        return new DonatedDescriptors(taken);
    }

    @Override
    public void close() {
        descriptors.values().forEach(HostFd::close);
    }
}
