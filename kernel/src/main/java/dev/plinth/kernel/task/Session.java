package dev.plinth.kernel.task;

/**
 * Process groups that belong to one login: they share a terminal.
 *
 * <p>Its number is taken as long as it has groups. Immutable; sessions are told apart by identity.
 *
 * <p>Lasting state: its number.
 */
final class Session {
    private final int id;

    /** A session with the number of the process that makes it. */
    Session(int id) {
        this.id = id;
    }

    /** The number. */
    int id() {
        return id;
    }
}
