package dev.plinth.cli;

import dev.plinth.kernel.error.ErrorCode;

import org.apache.commons.cli.Options;

/** A command, such as {@code plinth run}. Stateless. */
interface Command {
    /** The word that chooses it, or two of them with a space between. */
    String name();

    /** Whether users are told of it. */
    default boolean isForUsers() {
        return true;
    }

    /** What it does, one line without a final period. */
    String summary();

    /** What may follow its name, such as {@code [OPTION]... PROGRAM [ARG]...}. */
    String synopsis();

    /** Its own options, in the order in which its help shows them. */
    Options options();

    /** What its help says below the options, lines of at most 80 columns; may be empty. */
    String notes();

    /**
     * Whether options may also stand behind operands: not if those are a program, whose options are
     * its own.
     */
    default boolean takesOptionsAnywhere() {
        return false;
    }

    /** The exit status if the command fails for a reason other than how it was called. */
    int failureStatus(ErrorCode code);

    /**
     * Does it.
     *
     * @return the exit status
     * @throws UsageException if the arguments make no sense
     * @throws dev.plinth.kernel.error.SandboxException if something is not as it must be
     */
    int run(Arguments arguments, Console console);
}
