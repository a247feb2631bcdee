package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import java.util.function.UnaryOperator;

/** A sandbox's own entry among those that are registered. Any thread may call any method. */
public final class SandboxRegistration {
    private final SandboxDirectory directory;
    private final Object stateLock = new Object();

    @GuardedBy("stateLock")
    private SandboxState state;

    /**
     * Takes over an entry.
     *
     * @param state that is written there
     */
    public SandboxRegistration(SandboxDirectory directory, SandboxState state) {
        this.directory = requireNonNull(directory, "directory is null");
        this.state = requireNonNull(state, "state is null");
    }

    /** Where it is. */
    public SandboxDirectory directory() {
        return directory;
    }

    /**
     * Changes the entry.
     *
     * @throws dev.plinth.kernel.error.SandboxException if it cannot be written
     */
    public void update(UnaryOperator<SandboxState> change) {
        synchronized (stateLock) {
            SandboxState changed = change.apply(state);
            directory.write(changed);
            state = changed;
        }
    }
}
