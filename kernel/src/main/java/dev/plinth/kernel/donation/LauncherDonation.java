package dev.plinth.kernel.donation;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdLayout;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a launcher gives to a sandbox that is a process of its own: stdio, the platform's devices,
 * and the rest, each at the number that {@link FdLayout} says.
 *
 * <p>The numbers are those of the new process only; here the descriptors stay where they are.
 * Closing closes them here. Confined to one thread.
 */
public final class LauncherDonation implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(LauncherDonation.class);

    private final Map<Integer, HostFd> descriptors = new TreeMap<>();
    private final List<FdMapping> mappings = new ArrayList<>();

    /** What the JVM that is to be started has at 0, 1 and 2: nothing of the sandbox's. */
    private final HostFd nothing;

    private LauncherDonation(HostFd nothing) {
        this.nothing = nothing;
    }

    /**
     * Opens the devices and collects everything.
     *
     * @param devices that the platform declares
     * @param closedStdio which of 0, 1 and 2 are closed, whatever this process has there now
     * @param others what is donated besides, in the order of their numbers; taken over
     * @return the donation; the caller owns it
     * @throws SandboxException if a required device cannot be opened
     */
    public static LauncherDonation collect(
            HostKernel host,
            List<DeviceDeclaration> devices,
            Set<Integer> closedStdio,
            SequencedMap<FdRole, HostFd> others) {
        Map<FdRole, HostFd> given = new HashMap<>(others);
        boolean complete = false;
        try {
            Descriptors calls = new Descriptors(host);
            FdLayout layout =
                    ForegroundDonation.layout(devices, List.copyOf(others.sequencedKeySet()));
            for (int number = 0; number < 3; number++) {
                if (!closedStdio.contains(number) && calls.isOpen(number)) {
                    given.put(FdRole.stdio(number), calls.duplicate(number));
                }
            }
            for (DeviceDeclaration device : devices) {
                calls.open(device).ifPresent(opened -> given.put(device.role(), opened));
            }
            LauncherDonation donation = new LauncherDonation(calls.openNull());
            for (FdMapping mapping : layout.mappings()) {
                if (given.containsKey(mapping.role())) {
                    donation.add(mapping, given.get(mapping.role()));
                }
            }
            complete = true;
            return donation;
        } finally {
            if (!complete) {
                given.values().forEach(HostFd::close);
            }
        }
    }

    private void add(FdMapping mapping, HostFd fd) {
        log.debug("donating {} {}", mapping.number(), mapping.role().label());
        mappings.add(mapping);
        descriptors.put(mapping.number(), fd);
    }

    /** What the new process is told. */
    public DonationManifest manifest() {
        return new DonationManifest(mappings);
    }

    /**
     * What the new process has open: its number there &rarr; the descriptor here, borrowed.
     *
     * <p>A JVM wants something at 0, 1 and 2. Its error is the log, or else the program's own, as
     * it is where launcher and sandbox are one; its input and output are nothing.
     */
    public Map<Integer, HostFd> descriptors() {
        Map<Integer, HostFd> all = new TreeMap<>(descriptors);
        all.put(0, nothing);
        all.put(1, nothing);
        all.put(2, find(FdRole.LOG, find(FdRole.STDERR, nothing)));
        return all;
    }

    private HostFd find(FdRole role, HostFd otherwise) {
        return mappings.stream()
                .filter(mapping -> mapping.role().equals(role))
                .map(mapping -> descriptors.get(mapping.number()))
                .findFirst()
                .orElse(otherwise);
    }

    @Override
    public void close() {
        descriptors.values().forEach(HostFd::close);
        nothing.close();
    }
}
