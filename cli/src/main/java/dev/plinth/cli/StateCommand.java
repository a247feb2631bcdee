package dev.plinth.cli;

import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;

/** {@code plinth state}: what is known of one sandbox. */
final class StateCommand extends ControlCommand {
    StateCommand() {
        super("state", "Show what is known of a sandbox, as JSON");
    }

    @Override
    public String notes() {
        return """
        'status' is creating, running, paused or stopped; 'exit_status' is there when it
        has stopped and is known; 'pid' is the sandbox's process on the host, there as
        long as the sandbox is; 'program' is what ran in it first; 'image' is there if
        it was restored, and says from what.

        Example:
          plinth state web
        """;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        console.out()
                .print(
                        Json.object(
                                sandbox.state(),
                                (json, state) -> state.shown().writeMembers(json)));
        return 0;
    }
}
