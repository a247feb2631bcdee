package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.cli.control.ControlClient;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.donation.ForegroundDonation;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.plugin.PlatformPlugins;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code plinth swap}: takes a sandbox to another platform, where it is. */
final class SwapCommand extends ControlCommand {
    private static final Option PLATFORM =
            CommonOptions.withValue(
                    "platform",
                    "NAME",
                    "the platform to go on on; 'plinth platforms' lists the names");

    private final Launch launch;

    SwapCommand(Launch launch) {
        super("swap", "Let a sandbox go on on another platform");
        this.launch = requireNonNull(launch, "launch is null");
    }

    @Override
    public String synopsis() {
        return "--platform NAME [OPTION]... NAME";
    }

    @Override
    public Options options() {
        return new Options()
                .addOption(PLATFORM)
                .addOption(CommonOptions.PLUGINS)
                .addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        No image is written, and no program can tell, but by the clocks; what is printed
        is how long they stood still. If it fails the sandbox stays where it is.

        Example:
          plinth swap --platform kvm web
        """;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        String name =
                arguments
                        .value(PLATFORM)
                        .orElseThrow(() ->
                                new UsageException("no platform given, with --platform NAME"));
        Path plugins = CommonOptions.plugins(arguments, launch).toAbsolutePath();
        HostKernel host = host();
        // The sandbox may not be let at the devices: this process opens them.
        try (ControlClient client = ControlClient.connect(host, sandbox);
                LoadedPlatform platform = new PlatformPlugins(plugins).loadUsable(name, host);
                DonatedDescriptors opened =
                        new ForegroundDonation(host).keep(platform.factory().devices(), Map.of())) {
            List<String> roles = new ArrayList<>();
            List<HostFd> descriptors = new ArrayList<>();
            for (DeviceDeclaration device : platform.factory().devices()) {
                opened.find(device.role())
                        .ifPresent(fd -> {
                            roles.add(device.role().name());
                            descriptors.add(fd);
                        });
            }
            client.send(
                    "swap",
                    Message.empty()
                            .with("platform", name)
                            .with("plugins", plugins.toString())
                            .with("devices", roles),
                    descriptors);
            long pause = client.await().number("pause_nanos", 0, Long.MAX_VALUE);
            console.out()
                    .print(
                            String.format(
                                    Locale.ROOT,
                                    "%s runs on %s; its programs stood still for %.1f ms%n",
                                    sandbox.id(),
                                    name,
                                    pause / 1e6));
            return 0;
        }
    }
}
