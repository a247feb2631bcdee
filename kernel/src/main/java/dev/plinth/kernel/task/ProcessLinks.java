package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.state.SavedWith;

import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/**
 * What ties a process to others: its parent and children, its process group, and what its parent
 * has yet to be told. Guarded by the tree lock.
 */
@SavedWith(ThreadGroup.class)
final class ProcessLinks {
    /** The child's end is told by SIGCHLD. */
    static final int SIGCHLD = Signal.SIGCHLD.number();

    /** Who waits for it; empty for the first process. */
    Optional<ThreadGroup> parent = Optional.empty();

    /** The task of the parent that it counts as the child of; empty if that is gone, or outside. */
    Optional<Task> parentTask = Optional.empty();

    /** In the order in which they came. */
    final Set<ThreadGroup> children = new LinkedHashSet<>();

    ProcessGroup processGroup;

    /** The signal that its end sends to the parent: 1 to 255, not necessarily one that exists. */
    int exitSignal = SIGCHLD;

    /** How many programs the parent had executed when this child was made. */
    int parentExecutions;

    /** How many programs it has executed. */
    int executions;

    /** Whether it has executed a program since it was made; setpgid(2) asks. */
    boolean executed;

    /** Set when its last task has ended, until its parent has waited for it. */
    Optional<Zombie> zombie = Optional.empty();

    /** What its parent has yet to be told of its stops. */
    Optional<Signal> unreportedStop = Optional.empty();

    /** Whether its parent has yet to be told that it was continued. */
    boolean unreportedContinue;

    /**
     * What is left of a process that has ended.
     *
     * @param status how it ended
     * @param credentials whose it was
     * @param usage what it used, its children included in the second part
     */
    record Zombie(ExitStatus status, Credentials credentials, ResourceUsage usage) {
        Zombie {
            requireNonNull(status, "status is null");
            requireNonNull(credentials, "credentials is null");
            requireNonNull(usage, "usage is null");
        }

        /** The real user. */
        int uid() {
            return credentials.uids().real();
        }
    }
}
