package dev.plinth.cli;

import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** {@code plinth delete}: forgets a sandbox that has ended, or ends it first. */
final class DeleteCommand extends ControlCommand {
    private static final long SYS_KILL = 62;
    private static final long SIGKILL = 9;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

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
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        SandboxState state = sandbox.state();
        if (arguments.has(FORCE) && state.isAlive()) {
            end(state);
        }
        root.delete(sandbox);
        return 0;
    }

    /** When the process of a sandbox dies, all that is in it does. */
    private static void end(SandboxState state) {
        host().syscall(SYS_KILL, state.process().pid(), SIGKILL);
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (state.process().isAlive()) {
            if (System.nanoTime() > deadline) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_RUNNING,
                        "the process %d of the sandbox '%s' does not end"
                                .formatted(state.process().pid(), state.id()),
                        "see what the host keeps it for");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }
}
