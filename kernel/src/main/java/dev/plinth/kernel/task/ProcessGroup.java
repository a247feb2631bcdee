package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Processes that get a terminal's signals together: what a shell calls a job.
 *
 * <p>Its number is taken as long as it has members. Guarded by the tree lock.
 *
 * <p>Lasting state: its number, its session, its members.
 */
@NotSaved("made anew of those who say that they are in it")
final class ProcessGroup {
    private final int id;
    private final Session session;
    private final Set<ThreadGroup> members = new LinkedHashSet<>();

    ProcessGroup(int id, Session session) {
        this.id = id;
        this.session = requireNonNull(session, "session is null");
    }

    /** The number: that of the process that was first in it. */
    int id() {
        return id;
    }

    Session session() {
        return session;
    }

    /** The processes in it, zombies included. */
    Set<ThreadGroup> members() {
        return members;
    }
}
