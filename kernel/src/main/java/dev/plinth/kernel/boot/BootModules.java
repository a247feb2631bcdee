package dev.plinth.kernel.boot;

import static com.google.inject.Scopes.SINGLETON;

import com.google.inject.Binder;
import com.google.inject.Module;

import dev.plinth.api.host.HostKernel;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.plugin.PlatformPlugins;
import dev.plinth.kernel.syscall.SyscallTable;
import dev.plinth.kernel.syscall.linux.LinuxSyscalls;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.time.HostClock;

import java.nio.file.Path;
import java.util.List;

/**
 * What a JVM has once, a module for each concern. Every binding is explicit and made at start.
 *
 * <p>Modules are classes rather than lambdas: Guice names them when a binding is at fault.
 */
final class BootModules {
    private BootModules() {}

    /** All modules, in the order in which a reader wants them. */
    static List<Module> all(Path pluginDirectory) {
        return List.of(
                new StrictModule(),
                new HostModule(),
                new PluginModule(pluginDirectory),
                new SyscallModule(),
                new SandboxModule());
    }

    /** Nothing is bound by accident. */
    private static final class StrictModule implements Module {
        @Override
        public void configure(Binder binder) {
            binder.disableCircularProxies();
            binder.requireExplicitBindings();
            binder.requireExactBindingAnnotations();
            binder.requireAtInjectOnConstructors();
        }
    }

    /** The host's Linux, and its clocks. */
    private static final class HostModule implements Module {
        @Override
        public void configure(Binder binder) {
            binder.bind(HostKernel.class).toInstance(new JnaHostKernel());
            binder.bind(Clock.class).toInstance(new HostClock());
        }
    }

    /** The platforms. */
    private static final class PluginModule implements Module {
        private final Path directory;

        PluginModule(Path directory) {
            this.directory = directory;
        }

        @Override
        public void configure(Binder binder) {
            binder.bind(PlatformPlugins.class).toInstance(new PlatformPlugins(directory));
        }
    }

    /** The system calls: one table for all sandboxes. */
    private static final class SyscallModule implements Module {
        @Override
        public void configure(Binder binder) {
            binder.bind(SyscallTable.class).toProvider(LinuxSyscalls::table).in(SINGLETON);
        }
    }

    /** What makes sandboxes. */
    private static final class SandboxModule implements Module {
        @Override
        public void configure(Binder binder) {
            binder.bind(SandboxBuilder.class).in(SINGLETON);
            binder.bind(SandboxRestorer.class).in(SINGLETON);
            binder.bind(Plinth.class).in(SINGLETON);
        }
    }
}
