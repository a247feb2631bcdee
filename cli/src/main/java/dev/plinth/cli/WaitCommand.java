package dev.plinth.cli;

import dev.plinth.cli.control.ControlClient;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.util.List;
import java.util.Optional;

/** {@code plinth wait}: waits until a sandbox has ended. */
final class WaitCommand extends ControlCommand {
    WaitCommand() {
        super("wait", "Wait until a sandbox has ended, with its exit status");
    }

    @Override
    public String notes() {
        return """
        Example:
          plinth wait web; echo $?

        Exit status: that of the sandbox's first program; 128+N if signal N ended it.
          125  it is not known how the sandbox ended, or there is none of this name
            2  the options make no sense
        """;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return RunCommand.FAILURE_STATUS;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        SandboxState state = sandbox.state();
        if (state.isAlive()) {
            Optional<Integer> told = await(sandbox);
            if (told.isPresent()) {
                return told.get();
            }
            state = sandbox.stateOf(state).orElseThrow(() -> deleted(sandbox));
        }
        return state.exitStatus().orElseThrow(() -> unknown(sandbox));
    }

    /** Empty if the sandbox has ended without telling. */
    private static Optional<Integer> await(SandboxDirectory sandbox) {
        try (ControlClient client = ControlClient.connect(host(), sandbox)) {
            client.send("wait", Message.empty(), List.of());
            return client.next().map(answer -> (int) answer.number("exit_status", 0, 255));
        } catch (SandboxException e) {
            if (e.code() != ErrorCode.SANDBOX_STOPPED && e.code() != ErrorCode.SANDBOX_UNKNOWN) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private static SandboxException unknown(SandboxDirectory sandbox) {
        return new SandboxException(
                ErrorCode.SANDBOX_STOPPED,
                "it is not known how the sandbox '%s' ended: its process did not say"
                        .formatted(sandbox.id()),
                "see whether it was killed, and 'plinth delete " + sandbox.id() + "' to forget it");
    }

    private static SandboxException deleted(SandboxDirectory sandbox) {
        return new SandboxException(
                ErrorCode.SANDBOX_STOPPED,
                "it is not known how the sandbox '%s' ended: it was deleted meanwhile"
                        .formatted(sandbox.id()),
                "wait for a sandbox before 'plinth delete', which kills it if it is forced");
    }
}
