package dev.plinth.cli;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.util.List;

/** Where a sandbox comes from: a program to run, or an image to restore. */
interface SandboxSource {
    /**
     * Makes the sandbox, ready to start.
     *
     * @param stdio what it gets from this process or from its launcher; taken over
     * @param log where a trace goes
     * @throws dev.plinth.kernel.error.SandboxException if it cannot be made
     */
    Sandbox make(Plinth plinth, LoadedPlatform platform, Stdio stdio, DebugLog log);

    /** The directory on the host that its root is made of. */
    String rootfs();

    /** What runs in it, as 'plinth list' shows it. */
    List<String> program();
}
