package dev.plinth.kernel.task;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;

import java.util.Optional;

/**
 * The births of all tasks of a sandbox that is restored: none of them runs before each has a thread
 * and a context.
 */
@NotSaved("of one restore")
final class RestoredBirths {
    private final Object birthsLock = new Object();

    /** Those of which it is not known yet. */
    @GuardedBy("birthsLock")
    private int awaited;

    @GuardedBy("birthsLock")
    private Optional<SandboxException> failure = Optional.empty();

    /**
     * Births to come.
     *
     * @param count how many
     */
    RestoredBirths(int count) {
        awaited = count;
    }

    /** The birth of a task that others know already. */
    TaskBirth of(Task task) {
        return new Birth(task);
    }

    /**
     * Waits until all tasks have begun, or will not.
     *
     * @throws SandboxException if one of them cannot; the others run, to be killed
     */
    void await(Kernel kernel) {
        synchronized (birthsLock) {
            awaitAllLocked();
        }
        Optional<SandboxException> failed = failed();
        if (failed.isPresent()) {
            kernel.end();
            throw failed.get();
        }
    }

    private Optional<SandboxException> failed() {
        synchronized (birthsLock) {
            return failure;
        }
    }

    private void lost(SandboxException why) {
        synchronized (birthsLock) {
            failure = failure.or(() -> Optional.of(why));
            awaited--;
            birthsLock.notifyAll();
        }
    }

    /** Waits for the others; by a task's thread. */
    private void arrive() {
        synchronized (birthsLock) {
            awaited--;
            birthsLock.notifyAll();
            awaitAllLocked();
        }
    }

    @GuardedBy("birthsLock")
    private void awaitAllLocked() {
        try (PatientWait wait = new PatientWait(birthsLock)) {
            while (awaited > 0) {
                wait.forChange();
            }
        }
    }

    @NotSaved("of one restore")
    private final class Birth extends TaskBirth {
        private final Task task;

        /** Confined to whoever brings the task into the world. */
        private boolean known;

        Birth(Task task) {
            this.task = task;
        }

        @Override
        boolean isKnown() {
            return true;
        }

        @Override
        boolean publish(ExecutionContext context) {
            try {
                VectorStates.write(
                        context,
                        VectorStates.fit(task.kernel().capabilities(), task.vectorState()));
            } catch (IllegalArgumentException e) {
                fail(new ImageCorruptException(StateReader.FILE, "vector state of " + task, e));
                return false;
            } catch (HostCallException e) {
                fail(refusal(e));
                return false;
            }
            task.dropVectorState();
            known = true;
            arrive();
            if (failed().isPresent()) {
                task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
            }
            return true;
        }

        /** EINVAL is what ptrace(2) and KVM say of vector state that no processor has. */
        private SandboxException refusal(HostCallException e) {
            return e.is(Errno.EINVAL)
                    ? new ImageCorruptException(StateReader.FILE, "vector state of " + task, e)
                    : new SandboxException(
                            ErrorCode.HOST_EXHAUSTED,
                            "%s gets no vector state: %s".formatted(task, e.getMessage()),
                            "see what the host refuses, and try again",
                            e);
        }

        /** Also called where there is no thread, or no context, for the task. */
        @Override
        void decide(boolean runs) {
            if (!known) {
                fail(
                        new SandboxException(
                                ErrorCode.HOST_EXHAUSTED,
                                "the host has no room for another thread",
                                "end other programs, or raise the limits of processes"));
            }
            super.decide(runs);
        }

        private void fail(SandboxException why) {
            known = true;
            task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
            lost(why);
        }
    }
}
