package dev.plinth.cli;

import org.apache.commons.cli.Option;

import java.nio.file.Path;

/** Options that several commands have. */
final class CommonOptions {
    private static final String DEFAULT_PLATFORM = "ptrace";

    static final Option PLATFORM =
            withValue(
                    "platform",
                    "NAME",
                    "how programs are executed (default: "
                            + DEFAULT_PLATFORM
                            + "); 'plinth platforms' lists the names");
    static final Option PLUGINS =
            withValue("plugins", "DIR", "load platforms from DIR in place of Plinth's own");
    static final Option DEBUG_LOG =
            withValue("debug-log", "FILE", "write a log of what the kernel does to FILE");
    static final Option FORMAT = withValue("format", "FORMAT", "table (the default) or json");

    private CommonOptions() {}

    /** An option that takes a value. */
    static Option withValue(String name, String value, String description) {
        return Option.builder().longOpt(name).hasArg().argName(value).desc(description).get();
    }

    /** The platform that is chosen. */
    static String platform(Arguments arguments) {
        return arguments.value(PLATFORM).orElse(DEFAULT_PLATFORM);
    }

    /** The plugin directory that is chosen. */
    static Path plugins(Arguments arguments, Launch launch) {
        return arguments.value(PLUGINS).map(Path::of).orElse(launch.plugins());
    }
}
