package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.task.Kernel;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;

/**
 * The platform that a sandbox runs on, with its devices: another one after a swap.
 *
 * <p>One thread at a time may use it.
 */
final class PlatformSlot implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PlatformSlot.class);

    private final HostKernel host;
    private final List<BackingFile> files;
    private volatile Installed current;

    /** A platform and the descriptors of its devices. Owned. */
    private record Installed(String name, Platform platform, DonatedDescriptors devices)
            implements AutoCloseable {
        @Override
        public void close() {
            try (devices) {
                platform.close();
            }
        }
    }

    /**
     * Makes a sandbox's first platform.
     *
     * @param files that are mapped into address spaces; borrowed
     * @param devices that the platform declares; owned, also if this fails
     * @throws HostCallException if the host refuses
     */
    PlatformSlot(
            HostKernel host,
            List<BackingFile> files,
            PlatformFactory factory,
            DonatedDescriptors devices) {
        this.host = requireNonNull(host, "host is null");
        this.files = List.copyOf(files);
        this.current = install(factory, devices);
    }

    private Installed install(PlatformFactory factory, DonatedDescriptors devices) {
        boolean complete = false;
        try {
            Platform platform = factory.create(new DonatedPlatformContext(host, devices, files));
            complete = true;
            return new Installed(factory.name(), platform, devices);
        } finally {
            if (!complete) {
                devices.close();
            }
        }
    }

    /** What a platform's devices are called. */
    static List<FdRole> roles(PlatformFactory factory) {
        return factory.devices().stream().map(DeviceDeclaration::role).toList();
    }

    /** The platform's name; any thread. */
    String name() {
        return current.name();
    }

    /** The platform; borrowed, until the next swap. */
    Platform platform() {
        return current.platform();
    }

    /**
     * Takes the sandbox to another platform, and closes the one of before.
     *
     * <p>The other one is made while the sandbox runs: it stands still only while it moves.
     *
     * @param devices that the other platform declares; owned, also if this fails
     * @return how long the sandbox stood still for it
     * @throws SandboxException if it stays on the platform of before: SANDBOX_BUSY,
     *     SANDBOX_STOPPED, TASKS_DO_NOT_STOP, PLATFORM_UNSUITABLE, HOST_EXHAUSTED
     */
    Duration swap(
            PlatformFactory factory,
            DonatedDescriptors devices,
            Kernel kernel,
            Standstill standstill) {
        Installed next;
        try {
            next = install(factory, devices);
        } catch (HostCallException e) {
            throw new SandboxException(
                    ErrorCode.HOST_EXHAUSTED,
                    "platform %s cannot be made: %s".formatted(factory.name(), e.getMessage()),
                    "see what the host refuses, or which limit of its user is reached; the sandbox"
                            + " stays where it is",
                    e);
        }
        // Its thread may be running a guest of its own on the platform.
        kernel.vdso().ifPresent(Vdso::leavePlatform);
        Installed unused = next;
        try {
            long began = System.nanoTime();
            standstill.during(world -> {
                world.moveTo(next.platform());
                return true;
            });
            Duration pause = Duration.ofNanos(System.nanoTime() - began);
            unused = current;
            current = next;
            log.info("swapped to {} in {} us", factory.name(), pause.toNanos() / 1000);
            return pause;
        } finally {
            kernel.vdso().ifPresent(vdso -> vdso.enterPlatform(current.platform()));
            unused.close();
        }
    }

    @Override
    public void close() {
        current.close();
    }
}
