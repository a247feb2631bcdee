package dev.plinth.kernel.donation;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdLayout;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes the descriptor layout in a process that is launcher and sandbox at once.
 *
 * <p>The numbers of the layout must be free, so a process does this for one sandbox at a time.
 */
public final class ForegroundDonation {
    private static final Logger log = LoggerFactory.getLogger(ForegroundDonation.class);

    private final Descriptors descriptors;

    /** Makes layouts in this process. */
    public ForegroundDonation(HostKernel host) {
        descriptors = new Descriptors(host);
    }

    /**
     * The layout of a sandbox.
     *
     * @param devices that the platform declares
     * @param others what is donated besides, in the order of their numbers
     */
    public static FdLayout layout(List<DeviceDeclaration> devices, List<FdRole> others) {
        return FdLayout.of(devices.stream().map(DeviceDeclaration::role).toList(), others);
    }

    /**
     * Copies this process' stdio to its place, opens the devices there, and moves the rest.
     *
     * @param closedStdio which of 0, 1 and 2 are closed, whatever the process has there now
     * @param others what is donated besides, by role; taken over, and closed
     * @return the descriptors; the caller owns them
     * @throws SandboxException if a required device cannot be opened, or a number is taken
     */
    public DonatedDescriptors donate(
            List<DeviceDeclaration> devices, Set<Integer> closedStdio, Map<FdRole, HostFd> others) {
        FdLayout layout = layout(devices, List.copyOf(others.keySet()));
        Map<FdRole, HostFd> donated = new LinkedHashMap<>();
        boolean complete = false;
        try {
            requireFree(layout);
            for (int number = 0; number < 3; number++) {
                if (!closedStdio.contains(number)) {
                    donateStdio(layout, number, donated);
                }
            }
            for (DeviceDeclaration device : devices) {
                donateDevice(layout, device, donated);
            }
            for (Map.Entry<FdRole, HostFd> other : others.entrySet()) {
                place(layout, other.getKey(), other.getValue().number(), donated);
            }
            complete = true;
            return new DonatedDescriptors(donated);
        } finally {
            others.values().forEach(HostFd::close);
            if (!complete) {
                donated.values().forEach(HostFd::close);
            }
        }
    }

    /**
     * Opens the devices and leaves every descriptor at the number it has: for a sandbox that is one
     * of many in a process.
     *
     * @param stdio and whatever else is given, by role; taken over
     * @return the descriptors; the caller owns them
     * @throws SandboxException if a required device cannot be opened
     */
    public DonatedDescriptors keep(List<DeviceDeclaration> devices, Map<FdRole, HostFd> stdio) {
        Map<FdRole, HostFd> kept = new LinkedHashMap<>(stdio);
        boolean complete = false;
        try {
            for (DeviceDeclaration device : devices) {
                descriptors.open(device).ifPresent(opened -> kept.put(device.role(), opened));
            }
            complete = true;
            return new DonatedDescriptors(kept);
        } finally {
            if (!complete) {
                kept.values().forEach(HostFd::close);
            }
        }
    }

    private void requireFree(FdLayout layout) {
        for (FdMapping mapping : layout.mappings()) {
            if (descriptors.isOpen(mapping.number())) {
                throw new SandboxException(
                        ErrorCode.HOST_EXHAUSTED,
                        "descriptor %d, which is for %s, is in use"
                                .formatted(mapping.number(), mapping.role()),
                        "start Plinth with fewer descriptors open");
            }
        }
    }

    private void donateStdio(FdLayout layout, int number, Map<FdRole, HostFd> donated) {
        if (!descriptors.isOpen(number)) {
            return;
        }
        place(layout, FdRole.stdio(number), number, donated);
    }

    private void donateDevice(
            FdLayout layout, DeviceDeclaration device, Map<FdRole, HostFd> donated) {
        Optional<HostFd> opened = descriptors.open(device);
        if (opened.isPresent()) {
            try (HostFd fd = opened.get()) {
                place(layout, device.role(), fd.number(), donated);
            }
        }
    }

    private void place(FdLayout layout, FdRole role, int from, Map<FdRole, HostFd> donated) {
        int number = layout.numberOf(role).orElseThrow();
        HostFd placed = descriptors.duplicateTo(role, from, number);
        log.debug("donating {} {}", number, role.label());
        donated.put(role, placed);
    }
}
