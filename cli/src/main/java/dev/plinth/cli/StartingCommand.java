package dev.plinth.cli;

/** A command that starts a sandbox, here or in a process of its own. */
interface StartingCommand extends Command {
    /**
     * What its arguments say that the sandbox comes from.
     *
     * @throws UsageException if they make no sense
     */
    SandboxSource source(Arguments arguments);
}
