package dev.plinth.cli;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.cli.control.ControlServer;
import dev.plinth.cli.control.SandboxRegistration;
import dev.plinth.cli.control.SandboxService;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.task.ExitStatus;

import java.util.OptionalInt;

/** The life of a sandbox that has a name: it runs, is asked things, and ends. */
final class RegisteredRun {
    private RegisteredRun() {}

    /**
     * Starts a sandbox, serves its control socket until it has ended, and closes it.
     *
     * @param sandbox owned
     * @param beforeStart done last before its programs begin; if it fails, they never do
     * @return its exit status
     * @throws InterruptedException if the calling thread is interrupted
     */
    static int toEnd(
            HostKernel host,
            Sandbox sandbox,
            SandboxRegistration registration,
            Runnable beforeStart,
            Console console)
            throws InterruptedException {
        HostFd listener = sandbox.donated(FdRole.CONTROL).orElseThrow();
        try (SandboxService service = new SandboxService(host, sandbox, registration);
                sandbox;
                ControlServer server = new ControlServer(host, listener, service.handlers())) {
            registration.update(state -> state.with(SandboxState.Status.RUNNING));
            beforeStart.run();
            sandbox.start();
            server.start();
            ExitStatus status = sandbox.awaitExit();
            sandbox.failure().ifPresent(console::problem);
            registration.update(state -> state.stopped(OptionalInt.of(status.shellStatus())));
            service.ended(status.shellStatus());
            return status.shellStatus();
        }
    }
}
