package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.Availability;
import dev.plinth.platform.kvm.linux.Fcntl;
import dev.plinth.platform.kvm.linux.Stat;
import dev.plinth.platform.kvm.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Finds out whether this user can use KVM here, and if not, what to do about it.
 *
 * <p>It opens the device, asks what it can do, and closes it: it makes no virtual machine.
 */
final class HostProbe {
    private static final String GROUPS = "/etc/group";

    private HostProbe() {}

    static Availability availability(HostKernel host) {
        if (!System.getProperty("os.name").equals("Linux")
                || !System.getProperty("os.arch").equals("amd64")) {
            return Availability.unusable(
                    "it runs on Linux on x86-64 only", "use such a machine, or another platform");
        }
        long number = HostFiles.open(host, KvmPlatformFactory.PATH, Fcntl.O_RDWR);
        if (number < 0) {
            return cannotOpen(host, number);
        }
        try (HostFd device = new HostFd(host, (int) number)) {
            return new KvmDevice(host, device).availability();
        }
    }

    private static Availability cannotOpen(HostKernel host, long result) {
        if (result == -Errno.ENOENT.number()) {
            return Availability.unusable(
                    "there is no " + KvmPlatformFactory.PATH,
                    "load the module (modprobe kvm_intel or kvm_amd) and switch virtualization on"
                            + " in the firmware; in a container, give it the device (docker run"
                            + " --device /dev/kvm); or use another platform");
        }
        if (result == -Errno.EACCES.number() || result == -Errno.EPERM.number()) {
            return Availability.unusable(
                    "this user may not open %s (%s)"
                            .formatted(KvmPlatformFactory.PATH, Errno.nameOf(result)),
                    howToGetAccess(host));
        }
        return Availability.unusable(
                "%s cannot be opened: %s".formatted(KvmPlatformFactory.PATH, Errno.nameOf(result)),
                "load the module that drives it (modprobe kvm_intel or kvm_amd), or use another"
                        + " platform");
    }

    private static String howToGetAccess(HostKernel host) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(Stat.BYTES, 8);
            long result =
                    host.syscall(
                            SystemCalls.NEWFSTATAT,
                            Fcntl.AT_FDCWD,
                            arena.allocateFrom(KvmPlatformFactory.PATH).address(),
                            stat.address());
            int mode = stat.get(JAVA_INT, Stat.ST_MODE);
            int group = stat.get(JAVA_INT, Stat.ST_GID);
            if (result == 0
                    && group != 0
                    && (mode & Stat.GROUP_READ_WRITE) == Stat.GROUP_READ_WRITE) {
                return "join the group %s (usermod -aG %1$s USER, then log in again)"
                        .formatted(groupName(host, group));
            }
            return "let a group have it (chgrp kvm %1$s; chmod 660 %1$s) and join that, or run as"
                    .concat(" root")
                    .formatted(KvmPlatformFactory.PATH);
        }
    }

    /** The name of a group, or its number if it has none. */
    private static String groupName(HostKernel host, int group) {
        String number = Integer.toString(group);
        for (String line : HostFiles.lines(host, GROUPS)) {
            String[] fields = line.split(":", 4);
            if (fields.length == 4 && fields[2].equals(number)) {
                return fields[0];
            }
        }
        return number;
    }
}
