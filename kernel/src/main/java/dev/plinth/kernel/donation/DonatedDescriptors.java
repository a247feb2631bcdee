package dev.plinth.kernel.donation;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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

    /** The roles that there are descriptors for. */
    public Set<FdRole> roles() {
        return Set.copyOf(descriptors.keySet());
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

    /** Has {@code /dev/null} for a role that nobody donated anything for. */
    public void supplyNothing(HostKernel host, FdRole role) {
        if (descriptors.containsKey(role)) {
            throw new IllegalArgumentException("donated already: " + role);
        }
        descriptors.put(role, new Descriptors(host).openNull());
    }

    @Override
    public void close() {
        descriptors.values().forEach(HostFd::close);
    }
}
