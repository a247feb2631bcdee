package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.donation.DonatedDescriptors;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/** Where a sandbox's standard input, output and error come from. */
public sealed interface Stdio {
    /**
     * From this process: they are laid out as {@link dev.plinth.api.layout.FdLayout} says, for one
     * sandbox at a time.
     *
     * @param closed which of 0, 1 and 2 were closed when this process was started
     * @param others what is donated besides, such as the log, in the order of its numbers; taken
     *     over by the sandbox
     */
    record Inherited(Set<Integer> closed, SequencedMap<FdRole, HostFd> others) implements Stdio {
        public Inherited {
            closed = Set.copyOf(closed);
            others = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(others));
        }

        /** Nothing is closed, and nothing donated besides. */
        public static Inherited all() {
            return new Inherited(Set.of(), new LinkedHashMap<>());
        }
    }

    /**
     * From a launcher, which laid them out and opened the devices.
     *
     * @param descriptors all that the launcher gave; taken over by the sandbox
     */
    record Donated(DonatedDescriptors descriptors) implements Stdio {
        public Donated {
            requireNonNull(descriptors, "descriptors is null");
        }
    }

    /**
     * From descriptors that whoever embeds the sandbox has open.
     *
     * @param descriptors by role, {@code stdio/0} to {@code stdio/2}; what is missing is closed in
     *     the sandbox. Taken over by the sandbox
     */
    record Given(Map<FdRole, HostFd> descriptors) implements Stdio {
        public Given {
            descriptors = Map.copyOf(descriptors);
        }
    }
}
