package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

/** What is registered under a name: {@link Sandbox} or {@link Damaged}. */
public sealed interface RegisteredEntry {
    /** The name. */
    String id();

    /**
     * A sandbox.
     *
     * @param state as of now
     */
    record Sandbox(SandboxState state) implements RegisteredEntry {
        public Sandbox {
            requireNonNull(state, "state is null");
        }

        @Override
        public String id() {
            return state.id();
        }
    }

    /**
     * An entry of which nobody can tell what it is about.
     *
     * @param problem why
     */
    record Damaged(String id, String problem) implements RegisteredEntry {
        public Damaged {
            requireNonNull(id, "id is null");
            requireNonNull(problem, "problem is null");
        }
    }
}
