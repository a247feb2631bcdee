package dev.plinth.cli;

import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;

/** {@code plinth pause} and {@code plinth resume}: let a sandbox stand still, and go on. */
final class PauseCommand extends ControlCommand {
    private PauseCommand(String name, String summary) {
        super(name, summary);
    }

    /** {@code plinth pause}. */
    static PauseCommand pause() {
        return new PauseCommand("pause", "Let all programs of a sandbox stand still");
    }

    /** {@code plinth resume}. */
    static PauseCommand resume() {
        return new PauseCommand("resume", "Let a sandbox that was paused go on");
    }

    @Override
    public String notes() {
        return """
        Example:
          plinth pause web; plinth resume web
        """;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        ask(sandbox, name(), Message.empty());
        return 0;
    }
}
