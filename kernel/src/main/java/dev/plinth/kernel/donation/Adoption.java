package dev.plinth.kernel.donation;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdLayout;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.donation.Descriptors.Kind;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Takes over, in a sandbox that is a process of its own, what its launcher gave it.
 *
 * <p>Each descriptor is looked at before it is believed to be what the launcher says. Of the
 * numbers that a layout may use, those that the launcher does not name are closed; lower ones are
 * the JVM's own, for the launcher let it inherit no other. Done once, before the first sandbox.
 */
public final class Adoption {
    private static final Logger log = LoggerFactory.getLogger(Adoption.class);

    private final Descriptors descriptors;

    /** Takes over descriptors of this process. */
    public Adoption(HostKernel host) {
        this.descriptors = new Descriptors(requireNonNull(host, "host is null"));
    }

    /**
     * Takes over everything.
     *
     * @param devices that the platform declares
     * @param manifest what the launcher says that it gave
     * @return the descriptors; the caller owns them
     * @throws SandboxException if one is not what it is said to be, not where it belongs, or a
     *     device that the platform needs is missing; all are closed then
     */
    public DonatedDescriptors adopt(List<DeviceDeclaration> devices, DonationManifest manifest) {
        Map<FdRole, HostFd> adopted = new LinkedHashMap<>();
        manifest.mappings().stream()
                .filter(mapping -> descriptors.isOpen(mapping.number()))
                .forEach(mapping -> adopted.put(mapping.role(), descriptors.own(mapping.number())));
        DonatedDescriptors result = new DonatedDescriptors(adopted);
        boolean complete = false;
        try {
            requireLayout(devices, manifest);
            for (FdMapping mapping : manifest.mappings()) {
                check(mapping, devices);
                descriptors.closeOnExec(mapping.number());
                log.debug("adopting {} {}", mapping.number(), mapping.role().label());
            }
            for (DeviceDeclaration device : devices) {
                if (device.required() && result.find(device.role()).isEmpty()) {
                    throw broken(device.role(), "is needed, and was not donated");
                }
            }
            closeUnknown(manifest);
            complete = true;
            return result;
        } finally {
            if (!complete) {
                result.close();
            }
        }
    }

    /**
     * Takes over the devices of one more platform, wherever they are.
     *
     * @param devices that the platform declares
     * @param given what somebody else has opened, by role; owned from now on, also if this fails
     * @return the devices; the caller owns them
     * @throws SandboxException if one is not what it is said to be, or one that the platform needs
     *     is missing
     */
    public DonatedDescriptors adoptDevices(
            List<DeviceDeclaration> devices, Map<FdRole, HostFd> given) {
        DonatedDescriptors result = new DonatedDescriptors(given);
        boolean complete = false;
        try {
            for (DeviceDeclaration device : devices) {
                if (result.find(device.role()).isPresent()) {
                    int number = result.find(device.role()).get().number();
                    checkDevice(device, descriptors.kindOf(number).orElseThrow());
                    log.debug("adopting {} {}", number, device.role().label());
                } else if (device.required()) {
                    throw broken(device.role(), "is needed, and was not donated");
                }
            }
            complete = true;
            return result;
        } finally {
            if (!complete) {
                result.close();
            }
        }
    }

    private static void requireLayout(List<DeviceDeclaration> devices, DonationManifest manifest) {
        List<FdRole> roles = devices.stream().map(DeviceDeclaration::role).toList();
        FdLayout layout = FdLayout.of(roles, manifest.others(roles));
        for (FdMapping mapping : manifest.mappings()) {
            if (!layout.mappings().contains(mapping)) {
                throw broken(mapping.role(), "does not belong at " + mapping.number());
            }
        }
    }

    private void check(FdMapping mapping, List<DeviceDeclaration> devices) {
        FdRole role = mapping.role();
        Kind kind =
                descriptors
                        .kindOf(mapping.number())
                        .orElseThrow(() -> broken(role, "is not open at " + mapping.number()));
        for (DeviceDeclaration device : devices) {
            if (device.role().equals(role)) {
                checkDevice(device, kind);
            }
        }
        if (role.equals(FdRole.CONTROL) && !kind.isSocket()) {
            throw broken(role, "is no socket");
        }
        if (role.equals(FdRole.LAUNCHER) && !kind.isPipe()) {
            throw broken(role, "is no pipe");
        }
        if (role.equals(FdRole.LOG) && !descriptors.isWritable(mapping.number())) {
            throw broken(role, "cannot be written");
        }
    }

    private void checkDevice(DeviceDeclaration device, Kind kind) {
        if (!kind.isCharacterDevice()) {
            throw broken(device.role(), "is no character device");
        }
        // A sandbox that is locked down does not see the path, and has to trust its launcher.
        Optional<Kind> named = descriptors.kindOf(device.path());
        if (named.isPresent() && named.get().device() != kind.device()) {
            throw broken(device.role(), "is not " + device.path());
        }
    }

    private static SandboxException broken(FdRole role, String problem) {
        return new SandboxException(
                ErrorCode.DONATION_BROKEN,
                "the descriptor %s %s".formatted(role, problem),
                "let the plinth command start the sandbox");
    }

    private void closeUnknown(DonationManifest manifest) {
        for (int number = FdLayout.BASE; number < FdLayout.LIMIT; number++) {
            int candidate = number;
            boolean known =
                    manifest.mappings().stream().anyMatch(mapping -> mapping.number() == candidate);
            if (!known && descriptors.isOpen(candidate)) {
                log.debug("closing {}, which nobody knows", candidate);
                descriptors.own(candidate).close();
            }
        }
    }
}
