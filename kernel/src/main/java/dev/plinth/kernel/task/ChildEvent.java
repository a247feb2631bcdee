package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.task.linux.Wait;

/**
 * Something that happened to a child, as wait4(2) and waitid(2) tell it.
 *
 * @param pid of the child
 * @param uid of the child: its real user
 * @param code {@code CLD_*}
 * @param value the exit code, or the number of a signal
 * @param usage what the child and those that it waited for used
 */
public record ChildEvent(int pid, int uid, int code, int value, ResourceUsage usage) {
    public ChildEvent {
        requireNonNull(usage, "usage is null");
    }

    /** How the end of a process is called: {@code CLD_*}. No core is ever written. */
    static int codeOf(ExitStatus status) {
        return switch (status) {
            case ExitStatus.Exited _ -> Wait.CLD_EXITED;
            case ExitStatus.Killed _ -> Wait.CLD_KILLED;
        };
    }

    /** The exit code of a process that has ended, or the signal that killed it. */
    static int valueOf(ExitStatus status) {
        return switch (status) {
            case ExitStatus.Exited exited -> exited.code();
            case ExitStatus.Killed killed -> killed.signal().number();
        };
    }

    /** The status as wait4(2) gives it. */
    public int waitStatus() {
        return switch (code) {
            case Wait.CLD_EXITED -> value << 8;
            case Wait.CLD_STOPPED -> value << 8 | 0x7f;
            case Wait.CLD_CONTINUED -> Wait.STATUS_CONTINUED;
            default -> value;
        };
    }
}
