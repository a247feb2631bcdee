package dev.plinth.kernel.task;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.kernel.state.NotSaved;

import java.util.Optional;

/**
 * What a task's own thread does before the task runs, and how the thread that asked for the task
 * learns of it.
 */
@NotSaved("no world stops while a task is being born")
abstract class TaskBirth {
    private final Object birthLock = new Object();

    /** Empty until it is decided; then whether the task runs. */
    @GuardedBy("birthLock")
    private Optional<Boolean> decided = Optional.empty();

    /**
     * Makes the task known, once its thread has all that it needs; by that thread.
     *
     * @return false if the task is not to run after all
     */
    abstract boolean publish(ExecutionContext context);

    /** Whether the task is known, so that its end has to be told; by its thread. */
    abstract boolean isKnown();

    /** Says whether the task runs; by its thread, or for one that cannot be had. */
    void decide(boolean runs) {
        synchronized (birthLock) {
            if (decided.isEmpty()) {
                decided = Optional.of(runs);
                birthLock.notifyAll();
            }
        }
    }

    /** Waits until it is decided whether the task runs, which does not take long. */
    final boolean await() {
        synchronized (birthLock) {
            try (PatientWait wait = new PatientWait(birthLock)) {
                while (decided.isEmpty()) {
                    wait.forChange();
                }
            }
            return decided.get();
        }
    }
}
