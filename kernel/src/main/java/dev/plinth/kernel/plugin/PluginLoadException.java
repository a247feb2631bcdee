package dev.plinth.kernel.plugin;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.nio.file.Path;

/** A plugin cannot be loaded; the message names its file. */
public final class PluginLoadException extends SandboxException {
    private static final long serialVersionUID = 1L;

    PluginLoadException(Path file, String problem, Throwable cause) {
        super(
                ErrorCode.PLUGIN_BROKEN,
                "plugin " + file + ": " + problem,
                "build it again, or remove the file",
                cause);
    }

    PluginLoadException(Path file, String problem) {
        this(file, problem, null);
    }
}
