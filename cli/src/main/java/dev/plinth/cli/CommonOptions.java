package dev.plinth.cli;

import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.plugin.LoadedPlatform;

import org.apache.commons.cli.Option;

import java.nio.file.Path;

/** Options that several commands have. */
final class CommonOptions {
    private static final String DEFAULT_PLATFORM = "ptrace";

    /** Stands for the platform that is fastest here; measuring that takes time. */
    private static final String AUTO_PLATFORM = "auto";

    static final Option PLATFORM =
            withValue(
                    "platform",
                    "NAME",
                    "how programs are executed (default: "
                            + DEFAULT_PLATFORM
                            + "); 'plinth platforms' lists the names; "
                            + AUTO_PLATFORM
                            + " takes the time to find out which is fastest here");
    static final Option PLUGINS =
            withValue("plugins", "DIR", "load platforms from DIR in place of Plinth's own");
    static final Option DEBUG_LOG =
            withValue("debug-log", "FILE", "write a log of what the kernel does to FILE");
    static final Option FORMAT = withValue("format", "FORMAT", "table (the default) or json");

    static final Option ROOT =
            withValue(
                    "root",
                    "DIR",
                    "where sandboxes are registered (default: $XDG_RUNTIME_DIR/plinth; for root"
                            + " /run/plinth)");

    private CommonOptions() {}

    /** Where sandboxes are registered. */
    static StateRoot stateRoot(Arguments arguments) {
        return arguments
                .value(ROOT)
                .map(directory -> new StateRoot(Path.of(directory)))
                .orElseGet(() -> StateRoot.ofUser(System.getenv()));
    }

    /** An option that takes a value. */
    static Option withValue(String name, String value, String description) {
        return Option.builder().longOpt(name).hasArg().argName(value).desc(description).get();
    }

    /** Loads the platform that is chosen; it works here. The caller owns it. */
    static LoadedPlatform platform(Arguments arguments, Plinth plinth) {
        String name = arguments.value(PLATFORM).orElse(DEFAULT_PLATFORM);
        return name.equals(AUTO_PLATFORM)
                ? plinth.loadFastestPlatform()
                : plinth.loadPlatform(name);
    }

    /** Loads the platform that is chosen, whether or not it works here. The caller owns it. */
    static LoadedPlatform anyPlatform(Arguments arguments, Plinth plinth) {
        String name = arguments.value(PLATFORM).orElse(DEFAULT_PLATFORM);
        return name.equals(AUTO_PLATFORM)
                ? plinth.loadFastestPlatform()
                : plinth.plugins().load(name);
    }

    /** The plugin directory that is chosen. */
    static Path plugins(Arguments arguments, Launch launch) {
        return arguments.value(PLUGINS).map(Path::of).orElse(launch.plugins());
    }
}
