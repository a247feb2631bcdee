package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.inject.Guice;
import com.google.inject.Inject;
import com.google.inject.Injector;
import com.google.inject.Stage;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.plugin.PlatformPlugins;
import dev.plinth.kernel.state.HeapBudget;
import dev.plinth.kernel.syscall.SyscallTable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Plinth in this JVM: the host, the platform plugins, the system call table, and the sandboxes made
 * of them.
 *
 * <p>Make one, keep it, close its sandboxes when they are done with. Any thread may call any
 * method.
 */
public final class Plinth {
    private final HostKernel host;
    private final PlatformPlugins plugins;
    private final SyscallTable syscalls;
    private final SandboxBuilder builder;
    private final SandboxRestorer restorer;
    private final PlatformMeter meter;

    @Inject
    Plinth(
            HostKernel host,
            PlatformPlugins plugins,
            SyscallTable syscalls,
            SandboxBuilder builder,
            SandboxRestorer restorer) {
        this.host = requireNonNull(host, "host is null");
        this.plugins = requireNonNull(plugins, "plugins is null");
        this.syscalls = requireNonNull(syscalls, "syscalls is null");
        this.builder = requireNonNull(builder, "builder is null");
        this.restorer = requireNonNull(restorer, "restorer is null");
        this.meter = new PlatformMeter(host, System::nanoTime);
    }

    /**
     * Wires Plinth.
     *
     * @param pluginDirectory where the platforms are; looked at when one is asked for
     */
    public static Plinth create(Path pluginDirectory) {
        Injector injector =
                Guice.createInjector(Stage.PRODUCTION, BootModules.all(pluginDirectory));
        return injector.getInstance(Plinth.class);
    }

    /**
     * Begins, in the background, what {@link #create} and the first sandbox would otherwise have to
     * wait for. For a program that has other things to do first; harmless at any time.
     */
    public static void preload() {
        JnaHostKernel.preload();
    }

    /** The host's Linux. */
    public HostKernel host() {
        return host;
    }

    /** The platforms that plugins provide. */
    public PlatformPlugins plugins() {
        return plugins;
    }

    /** The system call table. */
    public SyscallTable syscalls() {
        return syscalls;
    }

    /**
     * Loads a platform that works here.
     *
     * @return the platform; the caller owns it, and closes it after the sandboxes on it
     * @throws SandboxException if there is none of this name, its plugin is broken, or it does not
     *     work here
     */
    public LoadedPlatform loadPlatform(String name) {
        return plugins.loadUsable(name, host);
    }

    /**
     * Loads the platform that is fastest on this machine, which takes a measurement of each one.
     *
     * @return the platform; the caller owns it, and closes it after the sandboxes on it
     * @throws SandboxException if none works here
     */
    public LoadedPlatform loadFastestPlatform() {
        List<LoadedPlatform> loaded = new ArrayList<>(plugins.loadAll());
        try {
            PlatformFactory fastest =
                    new FastestPlatform(host, meter)
                            .of(loaded.stream().map(LoadedPlatform::factory).toList());
            LoadedPlatform chosen =
                    loaded.stream()
                            .filter(platform -> platform.factory().equals(fastest))
                            .findFirst()
                            .orElseThrow();
            loaded.remove(chosen);
            return chosen;
        } finally {
            loaded.forEach(LoadedPlatform::close);
        }
    }

    /**
     * Measures what a system call costs on a platform, before anything is done for it.
     *
     * @param platform that works here
     * @return the median of a hundred round trips
     * @throws SandboxException if a guest cannot run on it
     */
    public RoundTrip measure(LoadedPlatform platform) {
        return meter.measure(platform.factory());
    }

    /**
     * Makes a sandbox with its program loaded, ready to start.
     *
     * @param platform that executes it; borrowed until the sandbox is closed
     * @return the sandbox; the caller owns it
     * @throws SandboxException if it cannot be made: the program, the root, a mount, a device
     */
    public Sandbox newSandbox(SandboxSpec spec, LoadedPlatform platform) {
        return newSandbox(spec, platform.factory());
    }

    /**
     * Makes a sandbox on a platform that did not come from a plugin.
     *
     * @param platform makes what executes it
     * @return the sandbox; the caller owns it
     * @throws SandboxException if it cannot be made: the program, the root, a mount, a device
     */
    public Sandbox newSandbox(SandboxSpec spec, PlatformFactory platform) {
        return builder.build(spec, platform);
    }

    /**
     * Makes a sandbox again that was written into an image, ready to start.
     *
     * @param platform that executes it, whatever it ran on before; borrowed until the sandbox is
     *     closed
     * @return the sandbox; the caller owns it
     * @throws SandboxException if it cannot be made: the image, the platform, a descriptor or a
     *     file of the host, each with its remedy. The image is as it was
     */
    public Sandbox restore(RestoreSpec spec, LoadedPlatform platform) {
        return restore(spec, platform.factory());
    }

    /**
     * Makes a sandbox again on a platform that did not come from a plugin.
     *
     * @param platform makes what executes it
     * @return the sandbox; the caller owns it
     * @throws SandboxException as {@link #restore(RestoreSpec, LoadedPlatform)}
     */
    public Sandbox restore(RestoreSpec spec, PlatformFactory platform) {
        try {
            return restorer.restore(spec, platform);
        } catch (OutOfMemoryError e) {
            throw HeapBudget.exhausted(e);
        }
    }
}
