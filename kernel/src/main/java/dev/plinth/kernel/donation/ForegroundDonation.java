package dev.plinth.kernel.donation;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdLayout;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.Arena;
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

    private static final long SYS_FCNTL = 72;
    private static final long SYS_OPENAT = 257;
    private static final long SYS_DUP3 = 292;
    private static final long F_GETFD = 1;
    private static final long O_RDWR = 2;
    private static final long O_CLOEXEC = 0x80000;
    private static final long AT_FDCWD = -100;

    private final HostKernel host;

    /** Makes layouts in this process. */
    public ForegroundDonation(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
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
                openDevice(device).ifPresent(opened -> kept.put(device.role(), opened));
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
            if (!Errno.isError(host.syscall(SYS_FCNTL, mapping.number(), F_GETFD))) {
                throw new SandboxException(
                        ErrorCode.HOST_EXHAUSTED,
                        "descriptor %d, which is for %s, is in use"
                                .formatted(mapping.number(), mapping.role()),
                        "start Plinth with fewer descriptors open");
            }
        }
    }

    private void donateStdio(FdLayout layout, int number, Map<FdRole, HostFd> donated) {
        if (Errno.isError(host.syscall(SYS_FCNTL, number, F_GETFD))) {
            return;
        }
        place(layout, FdRole.stdio(number), number, donated);
    }

    private void donateDevice(
            FdLayout layout, DeviceDeclaration device, Map<FdRole, HostFd> donated) {
        Optional<HostFd> opened = openDevice(device);
        if (opened.isPresent()) {
            try (HostFd fd = opened.get()) {
                place(layout, device.role(), fd.number(), donated);
            }
        }
    }

    private Optional<HostFd> openDevice(DeviceDeclaration device) {
        long flags = O_CLOEXEC;
        if (device.openMode() == DeviceDeclaration.OpenMode.READ_WRITE) {
            flags |= O_RDWR;
        }
        long result;
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(device.path()).address();
            result = host.syscall(SYS_OPENAT, AT_FDCWD, path, flags, 0);
        }
        if (!Errno.isError(result)) {
            return Optional.of(new HostFd(host, (int) result));
        }
        if (device.required()) {
            throw new SandboxException(
                    ErrorCode.DEVICE_UNUSABLE,
                    "%s cannot be opened: %s".formatted(device.path(), Errno.nameOf(result)),
                    "choose a platform that does not need it with --platform");
        }
        log.debug("not donating {}: {}", device.role(), Errno.nameOf(result));
        return Optional.empty();
    }

    private void place(FdLayout layout, FdRole role, int from, Map<FdRole, HostFd> donated) {
        int number = layout.numberOf(role).orElseThrow();
        long result = host.syscall(SYS_DUP3, from, number, O_CLOEXEC);
        if (Errno.isError(result)) {
            throw HostCallException.ofResult(
                    "dup3(" + role + ")", new long[] {from, number, O_CLOEXEC}, result);
        }
        log.debug("donating {} {}", number, role.label());
        donated.put(role, new HostFd(host, number));
    }
}
