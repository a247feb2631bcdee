package dev.plinth.cli;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.cli.control.RegisteredEntry;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.cli.control.linux.PidFd;
import dev.plinth.cli.control.linux.SocketCalls;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** {@code plinth delete}: forgets a sandbox that has ended, or ends it first. */
final class DeleteCommand extends ControlCommand {
    private static final Logger log = LoggerFactory.getLogger(DeleteCommand.class);

    private static final long PATIENCE_MILLIS = TimeUnit.SECONDS.toMillis(10);

    private static final Option FORCE =
            Option.builder().longOpt("force").desc("end the sandbox first if it runs").get();

    DeleteCommand() {
        super("delete", "Forget a sandbox that has ended, so that its name is free");
    }

    @Override
    public Options options() {
        return new Options().addOption(FORCE).addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        With --force also an entry is removed of which nobody can tell what it is
        about. A process is ended only if it belongs to the user to whom the entry does.

        Example:
          plinth delete --force web
        """;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        if (!arguments.has(FORCE)) {
            root.delete(sandbox);
            return 0;
        }
        switch (sandbox.entry()) {
            case RegisteredEntry.Sandbox found -> {
                if (found.state().isAlive()) {
                    end(sandbox, found.state());
                }
                root.delete(sandbox);
            }
            case RegisteredEntry.Damaged damaged -> {
                requireSilence(sandbox, damaged);
                root.deleteDamaged(sandbox);
            }
        }
        return 0;
    }

    /** When the process of a sandbox dies, all that is in it does. */
    private static void end(SandboxDirectory sandbox, SandboxState state) {
        long pid = state.process().pid();
        Optional<PidFd> held = PidFd.open(host(), pid);
        if (held.isEmpty()) {
            return;
        }
        try (PidFd process = held.get()) {
            // Asked by number after it was taken hold of: if another process has the number by
            // now, that which is held has ended, and a signal reaches nobody.
            OptionalInt user = state.process().effectiveUser();
            if (user.isEmpty()) {
                return;
            }
            if (user.getAsInt() != sandbox.owner()) {
                throw new SandboxException(
                        ErrorCode.CONTROL_REFUSED,
                        "the process %d, said to be the sandbox '%s', is not of the entry's owner"
                                .formatted(pid, sandbox.id()),
                        "see what it is; if it is the sandbox, end it by 'kill' as its owner");
            }
            process.kill();
            if (!process.awaitEnd(PATIENCE_MILLIS)) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_RUNNING,
                        "the process %d of the sandbox '%s' does not end"
                                .formatted(pid, sandbox.id()),
                        "see what the host keeps it for");
            }
        }
    }

    /** Makes sure that nobody listens where an entry is removed: it may be of a later version. */
    private static void requireSilence(SandboxDirectory sandbox, RegisteredEntry.Damaged damaged) {
        try (HostFd _ =
                new SocketCalls(host())
                        .connect(sandbox.path().toString(), SandboxDirectory.SOCKET)) {
            throw new SandboxException(
                    ErrorCode.SANDBOX_RUNNING,
                    "the sandbox '%s' runs, though its entry cannot be used: %s"
                            .formatted(damaged.id(), damaged.problem()),
                    "use the plinth command of the version that runs it");
        } catch (HostCallException e) {
            log.debug("nobody is asked about {}: {}", damaged.id(), e.getMessage());
        }
    }
}
