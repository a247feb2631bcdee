package dev.plinth.kernel.task;

/**
 * Process groups that belong to one login: they share a terminal.
 *
 * <p>Its number is taken as long as it has groups. Guarded by the tree lock.
 *
 * <p>Lasting state: its number.
 *
 * @param id the number: that of the process that made it
 */
record Session(int id) {
    /** Sessions are told apart by identity. */
    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return id;
    }
}
