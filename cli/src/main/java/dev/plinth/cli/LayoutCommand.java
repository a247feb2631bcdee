package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.layout.FdLayout;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.donation.ForegroundDonation;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.plugin.LoadedPlatform;

import org.apache.commons.cli.Options;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code plinth layout}: which descriptor number a sandbox process has for what. */
final class LayoutCommand implements Command {
    private final Launch launch;

    LayoutCommand(Launch launch) {
        this.launch = requireNonNull(launch, "launch is null");
    }

    @Override
    public String name() {
        return "layout";
    }

    @Override
    public String summary() {
        return "Show which descriptor a sandbox has for what";
    }

    @Override
    public String synopsis() {
        return "[OPTION]...";
    }

    @Override
    public Options options() {
        return new Options()
                .addOption(CommonOptions.PLATFORM)
                .addOption(SandboxStart.ID)
                .addOption(SandboxStart.DETACH)
                .addOption(CommonOptions.DEBUG_LOG)
                .addOption(CommonOptions.PLUGINS);
    }

    @Override
    public String notes() {
        return """
        Nothing is opened or run, unless the platform is 'auto'. The numbers are
        those of 'plinth run' with the same options; stdio has the same ones always.

        Example:
          plinth layout --platform kvm --detach --debug-log /tmp/plinth.log
        """;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return 1;
    }

    @Override
    public int run(Arguments arguments, Console console) {
        arguments.requireNoOperands();
        DebugLog.onStandardError();
        Plinth plinth = Plinth.create(CommonOptions.plugins(arguments, launch));
        try (LoadedPlatform platform = CommonOptions.anyPlatform(arguments, plinth)) {
            List<DeviceDeclaration> devices = platform.factory().devices();
            Map<FdRole, String> others = new LinkedHashMap<>();
            if (arguments.has(SandboxStart.ID) || arguments.has(SandboxStart.DETACH)) {
                others.put(FdRole.CONTROL, "-");
            }
            arguments
                    .value(CommonOptions.DEBUG_LOG)
                    .ifPresent(file -> others.put(FdRole.LOG, file));
            if (arguments.has(SandboxStart.DETACH)) {
                others.put(FdRole.LAUNCHER, "-");
            }
            console.out().print(table(devices, others));
            return 0;
        }
    }

    /** The table for a platform with these devices, and what else there is with its path. */
    static String table(List<DeviceDeclaration> devices, Map<FdRole, String> others) {
        Map<FdRole, String> paths = new HashMap<>(others);
        devices.forEach(device -> paths.put(device.role(), device.path()));
        FdLayout layout = ForegroundDonation.layout(devices, List.copyOf(others.keySet()));
        TextTable table = new TextTable("NUMBER", "ROLE", "PATH");
        for (FdMapping mapping : layout.mappings()) {
            table.row(
                    Integer.toString(mapping.number()),
                    mapping.role().name(),
                    paths.getOrDefault(mapping.role(), "-"));
        }
        return table.toString();
    }
}
