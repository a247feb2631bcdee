package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.donation.Adoption;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.plugin.PlatformPlugins;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Takes a sandbox to another platform.
 *
 * <p>Arguments: {@code platform}; {@code plugins}, the absolute path of the directory it is in;
 * {@code devices}, the roles of the descriptors that come along, which the client has opened. The
 * answer: {@code pause_nanos}.
 */
final class SwapService implements ControlServer.Handler, AutoCloseable {
    private final HostKernel host;
    private final Sandbox sandbox;
    private final SandboxRegistration registration;
    private final EventHub events;
    private final Object swapLock = new Object();

    /** What the sandbox runs on, unless that is still its first platform. */
    @GuardedBy("swapLock")
    private Optional<LoadedPlatform> current = Optional.empty();

    SwapService(
            HostKernel host, Sandbox sandbox, SandboxRegistration registration, EventHub events) {
        this.host = requireNonNull(host, "host is null");
        this.sandbox = requireNonNull(sandbox, "sandbox is null");
        this.registration = requireNonNull(registration, "registration is null");
        this.events = requireNonNull(events, "events is null");
    }

    @Override
    public void serve(Message arguments, List<HostFd> descriptors, Connection connection) {
        String name = arguments.string("platform");
        PlatformPlugins plugins = new PlatformPlugins(arguments.path("plugins"));
        List<String> roles = arguments.strings("devices");
        if (roles.size() != descriptors.size()) {
            throw new MessageException("the devices are not what came with it");
        }
        Duration pause;
        synchronized (swapLock) {
            LoadedPlatform next = plugins.load(name);
            Optional<LoadedPlatform> unused = Optional.of(next);
            try {
                DonatedDescriptors devices =
                        new Adoption(host)
                                .adoptDevices(next.factory().devices(), given(roles, descriptors));
                pause = sandbox.swap(next.factory(), devices);
                unused = current;
                current = Optional.of(next);
            } finally {
                unused.ifPresent(LoadedPlatform::close);
            }
        }
        registration.update(state -> state.onPlatform(name));
        Message answer = Message.empty().with("pause_nanos", pause.toNanos());
        events.publish(EventHub.event("swap", answer.with("platform", name)));
        connection.send(Reply.of(answer));
    }

    private Map<FdRole, HostFd> given(List<String> roles, List<HostFd> descriptors) {
        Map<FdRole, HostFd> given = new HashMap<>();
        for (int i = 0; i < roles.size(); i++) {
            FdRole role;
            try {
                role = new FdRole(roles.get(i));
            } catch (IllegalArgumentException e) {
                throw new MessageException(e.getMessage(), e);
            }
            if (given.containsKey(role)) {
                throw new MessageException("a device is there twice");
            }
            given.put(role, descriptors.get(i));
        }
        given.replaceAll((role, fd) -> new HostFd(host, fd.release()));
        return given;
    }

    /** After the sandbox was closed. */
    @Override
    public void close() {
        synchronized (swapLock) {
            current.ifPresent(LoadedPlatform::close);
            current = Optional.empty();
        }
    }
}
