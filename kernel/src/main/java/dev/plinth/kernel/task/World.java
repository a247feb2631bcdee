package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.WaitSet;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * All tasks together: stops them, has each do something on its own thread, and lets them go on.
 *
 * <p>A task is asked to stop as for a signal: the guest is interrupted, a call that sleeps is
 * broken off. But it is no signal: the call is made again when the world goes on, and no program
 * can tell. A task stops at its safe point, where it holds no lock and is in no call: where {@code
 * TaskRunner} has taken a kick and is about to deliver signals, or where its process is stopped by
 * a signal. Who waits for another task's end or birth cannot stop before that has come, so while
 * the world is stopping tasks are born and end; when it has stopped, none does.
 *
 * <p>Any thread may call any method that does not say otherwise.
 */
@NotSaved("of one stop")
final class World {
    private final Kernel kernel;

    /** Outside of {@code Task.runningLock}; see the package. */
    private final Object worldLock = new Object();

    @GuardedBy("worldLock")
    private Phase phase = Phase.RUNNING;

    /**
     * How long the calls that were broken off may take to sleep again, before all else goes on: but
     * for those that {@link RestartBlock#precedesOthers precede} all else.
     */
    private static final Duration SETTLING = Duration.ofSeconds(1);

    /** Whether tasks are to stop: read by every task that is about to sleep. */
    private volatile boolean stopping;

    /** The threads that make, run or end a task, and those that are about to. */
    @GuardedBy("worldLock")
    private int runners;

    @GuardedBy("worldLock")
    private final Set<Task> stopped = new HashSet<>();

    /** Whether the world is about to go on; read by every task that is about to sleep. */
    private volatile boolean settling;

    /** Whose calls are being made again. */
    @GuardedBy("worldLock")
    private final Set<Task> unsettled = new HashSet<>();

    /** Those of them for which the others wait without a limit. */
    @GuardedBy("worldLock")
    private final Set<Task> preceding = new HashSet<>();

    /** Who is settled, and waits for the world to go on. */
    @GuardedBy("worldLock")
    private final Set<Task> settled = new HashSet<>();

    /** What each stopped task is to do on its thread. */
    @GuardedBy("worldLock")
    private Optional<Work> work = Optional.empty();

    /** What came from outside while the world was stopped. */
    @GuardedBy("worldLock")
    private final List<Runnable> delayed = new ArrayList<>();

    private enum Phase {
        RUNNING,
        /** Some tasks still run. */
        STOPPING,
        /** None does. */
        STOPPED,
        /** Calls that were broken off are made again, and nothing else happens. */
        SETTLING,
        /** The sandbox ends: the world does not stop any more. */
        ENDING
    }

    /** What a task does while it is stopped. */
    @FunctionalInterface
    interface TaskWork {
        void perform(Task task);
    }

    /** What the stopped tasks are doing. Guarded by worldLock. */
    @NotSaved("of one stop")
    private static final class Work {
        private final TaskWork action;
        private final Set<Task> left;
        private Optional<RuntimeException> failure = Optional.empty();

        Work(TaskWork action, Set<Task> tasks) {
            this.action = action;
            this.left = new HashSet<>(tasks);
        }
    }

    World(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
    }

    /** Whether tasks are to stop, or have. */
    boolean isStopping() {
        return stopping;
    }

    /** A thread is about to make a task run; before it begins. The world is not stopped. */
    void enter() {
        synchronized (worldLock) {
            runners++;
        }
    }

    /**
     * Someone from outside is about to make a task; it is counted as a thread that does.
     *
     * @return false if the world is stopping, stopped or ending
     */
    boolean tryEnter() {
        synchronized (worldLock) {
            if (phase != Phase.RUNNING) {
                return false;
            }
            runners++;
            return true;
        }
    }

    /** A thread has ended what it did for a task. */
    void leave() {
        synchronized (worldLock) {
            runners--;
            worldLock.notifyAll();
        }
    }

    /**
     * Stops every task and every timer.
     *
     * @param patience how long it may take
     * @throws SandboxException SANDBOX_BUSY if the world is stopping or stopped; SANDBOX_STOPPED if
     *     there is no task, or none is left before all have stopped; TASKS_DO_NOT_STOP, with the
     *     world going on, if patience is over
     * @throws IllegalStateException if a task's own thread calls it
     */
    void stop(Duration patience) {
        requireNoTask();
        synchronized (worldLock) {
            if (phase == Phase.ENDING || runners == 0) {
                throw ended();
            }
            if (phase != Phase.RUNNING) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_BUSY,
                        "the sandbox is being checkpointed, paused or swapped already",
                        "wait until that is done");
            }
            phase = Phase.STOPPING;
            stopping = true;
        }
        boolean complete = false;
        try {
            kernel.tasks().forEach(Task::kick);
            awaitStop(System.nanoTime() + patience.toNanos());
            complete = true;
        } finally {
            if (!complete) {
                goOn();
            }
        }
    }

    private void requireNoTask() {
        if (kernel.tasks().stream().anyMatch(task -> task.isRunBy(Thread.currentThread()))) {
            throw new IllegalStateException("a task would wait for itself");
        }
    }

    private static SandboxException ended() {
        return new SandboxException(
                ErrorCode.SANDBOX_STOPPED,
                "the sandbox does not run, or is ending",
                "wait until it has ended; its exit status tells how");
    }

    /** Waits until each task has stopped, and the timers, which could yet end one. */
    private void awaitStop(long deadline) {
        while (true) {
            if (!awaitTasks(deadline)) {
                throw new SandboxException(
                        ErrorCode.TASKS_DO_NOT_STOP,
                        "the sandbox does not stop: " + describeRunning(),
                        "try again when that is over, or end the process");
            }
            kernel.timers().pause();
            if (completeStop()) {
                return;
            }
            kernel.timers().resume();
        }
    }

    /** Waits until each task has stopped; false if it takes too long. */
    private boolean awaitTasks(long deadline) {
        synchronized (worldLock) {
            try (PatientWait wait = new PatientWait(worldLock)) {
                long left = deadline - System.nanoTime();
                while (phase == Phase.STOPPING && runners > 0 && !isComplete() && left > 0) {
                    wait.forChange(left);
                    left = deadline - System.nanoTime();
                }
            }
            if (phase != Phase.STOPPING || runners == 0) {
                throw ended();
            }
            return isComplete();
        }
    }

    @GuardedBy("worldLock")
    private boolean isComplete() {
        return stopped.size() == runners;
    }

    private boolean completeStop() {
        synchronized (worldLock) {
            if (phase == Phase.STOPPING
                    && isComplete()
                    && stopped.stream().noneMatch(Task::isEnding)) {
                phase = Phase.STOPPED;
                return true;
            }
            return false;
        }
    }

    private String describeRunning() {
        List<Task> running = new ArrayList<>(kernel.tasks());
        synchronized (worldLock) {
            running.removeAll(stopped);
        }
        return running.isEmpty()
                ? "a task is being made or ends"
                : running.stream().map(World::describe).collect(Collectors.joining(", "));
    }

    /** What another thread reads here may be a moment old. */
    private static String describe(Task task) {
        String name = new String(task.name(), StandardCharsets.ISO_8859_1);
        String where =
                task.call().isEntered()
                        ? "is in system call " + task.registers().origRax()
                        : "runs its program";
        return task + " (" + name + ") " + where;
    }

    /** The tasks that are stopped. */
    List<Task> stoppedTasks() {
        synchronized (worldLock) {
            requireStopped();
            return List.copyOf(stopped);
        }
    }

    @GuardedBy("worldLock")
    private void requireStopped() {
        if (phase == Phase.ENDING) {
            throw ended();
        }
        if (phase != Phase.STOPPED) {
            throw new IllegalStateException("the world is not stopped");
        }
    }

    /**
     * Has every stopped task do something on its own thread, all at once, and waits for that.
     *
     * @throws SandboxException SANDBOX_STOPPED if the sandbox is closed
     * @throws RuntimeException what the first of them failed with; the others have done it
     */
    void perform(TaskWork action) {
        Work mine;
        List<Task> tasks;
        synchronized (worldLock) {
            requireStopped();
            tasks = List.copyOf(stopped);
            mine = new Work(action, stopped);
            work = Optional.of(mine);
        }
        tasks.forEach(Task::wake);
        synchronized (worldLock) {
            try (PatientWait wait = new PatientWait(worldLock)) {
                // Tasks of a sandbox that ends meanwhile may go on without having done it.
                while (!mine.left.isEmpty() && phase == Phase.STOPPED) {
                    wait.forChange();
                }
            }
            work = Optional.empty();
            requireStopped();
        }
        if (mine.failure.isPresent()) {
            throw mine.failure.get();
        }
    }

    /**
     * Lets the world go on, if it is stopping or stopped, and waits until every task does: stopped
     * again and again, programs still get on.
     */
    void goOn() {
        if (beginToSettle()) {
            awaitSettled(System.nanoTime() + SETTLING.toNanos());
        }
        leavePhase(Phase.RUNNING);
        awaitDeparture();
    }

    private void awaitDeparture() {
        synchronized (worldLock) {
            try (PatientWait wait = new PatientWait(worldLock)) {
                while (phase == Phase.RUNNING && !(stopped.isEmpty() && settled.isEmpty())) {
                    wait.forChange();
                }
            }
        }
    }

    /** Lets those go on whose calls were broken off; false if there are none. */
    private boolean beginToSettle() {
        List<Task> tasks;
        synchronized (worldLock) {
            if (phase != Phase.STOPPED) {
                return false;
            }
            unsettled.addAll(stopped.stream().filter(task -> task.call().isBrokenOff()).toList());
            if (unsettled.isEmpty()) {
                return false;
            }
            preceding.addAll(
                    unsettled.stream()
                            .filter(task -> task.call().restartBlock().precedesOthers())
                            .toList());
            phase = Phase.SETTLING;
            settling = true;
            stopping = false;
            runDelayed();
            tasks = List.copyOf(unsettled);
        }
        tasks.forEach(Task::wake);
        return true;
    }

    private void awaitSettled(long deadline) {
        synchronized (worldLock) {
            try (PatientWait wait = new PatientWait(worldLock)) {
                long left = deadline - System.nanoTime();
                while (phase == Phase.SETTLING
                        && !unsettled.isEmpty()
                        && (left > 0 || !preceding.isEmpty())) {
                    wait.forChange(left);
                    left = deadline - System.nanoTime();
                }
            }
        }
    }

    /** Lets the world go on for good: its tasks are to end. Doing so again is harmless. */
    void end() {
        leavePhase(Phase.ENDING);
    }

    private void leavePhase(Phase next) {
        List<Task> tasks;
        synchronized (worldLock) {
            if (phase == Phase.ENDING || phase == next) {
                return;
            }
            phase = next;
            stopping = false;
            settling = false;
            unsettled.clear();
            preceding.clear();
            tasks = new ArrayList<>(stopped);
            tasks.addAll(settled);
            runDelayed();
            worldLock.notifyAll();
        }
        kernel.timers().resume();
        tasks.forEach(Task::wake);
    }

    @GuardedBy("worldLock")
    private void runDelayed() {
        delayed.forEach(Runnable::run);
        delayed.clear();
    }

    /**
     * A task is about to sleep: the call that it makes again waits as before. By its own thread.
     */
    void sleeps(Task task) {
        if (settling) {
            settle(task);
        }
    }

    /** Whether a task makes its call again before any program runs. By its own thread. */
    boolean isUnsettled(Task task) {
        synchronized (worldLock) {
            return unsettled.contains(task);
        }
    }

    /** A task ends: none of its calls is made again, and nobody waits for it. By its own thread. */
    void ends(Task task) {
        synchronized (worldLock) {
            unsettled.remove(task);
            preceding.remove(task);
            stopped.remove(task);
            settled.remove(task);
            worldLock.notifyAll();
        }
    }

    private void settle(Task task) {
        synchronized (worldLock) {
            preceding.remove(task);
            if (unsettled.remove(task)) {
                worldLock.notifyAll();
            }
        }
    }

    /**
     * Stays here while the calls of other tasks are made again; by a task's own thread, before it
     * goes on to run its program.
     */
    void settleHere(Task task) {
        if (!settling) {
            return;
        }
        settle(task);
        try (WaitSet nothing = task.blocker().newWaitSet()) {
            while (isSettledHere(task)) {
                task.sleep().undisturbed(nothing);
            }
        }
    }

    private boolean isSettledHere(Task task) {
        synchronized (worldLock) {
            boolean stays = phase == Phase.SETTLING && !task.isEnding();
            boolean changed = stays ? settled.add(task) : settled.remove(task);
            if (changed) {
                worldLock.notifyAll();
            }
            return stays;
        }
    }

    /**
     * Has the world begin at a standstill: for tasks that were stopped before, in another one. Each
     * that begins stops at its safe point.
     */
    void beginStopped() {
        synchronized (worldLock) {
            phase = Phase.STOPPING;
            stopping = true;
        }
    }

    /** Waits until all of those have stopped that began so, and lets the world go on. */
    void goOnOnceStopped(Duration patience) {
        try {
            awaitStop(System.nanoTime() + patience.toNanos());
        } catch (SandboxException e) {
            if (e.code() != ErrorCode.SANDBOX_STOPPED) {
                throw e;
            }
            // They had been ending, and have ended.
        } finally {
            goOn();
        }
    }

    /**
     * Does something from outside that changes what a stopped world is made of: at once, or when
     * the world goes on.
     *
     * @param action sends signals, takes no other lock
     */
    void whenNotStopped(Runnable action) {
        synchronized (worldLock) {
            if (phase == Phase.STOPPED) {
                delayed.add(action);
            } else {
                action.run();
            }
        }
    }

    /**
     * Stays here while the world is stopping or stopped; by a task's own thread, at its safe point.
     *
     * <p>A task that is to end does not wait for the world to go on, unless all tasks have stopped
     * already: another may be waiting for its end.
     */
    void stopHere(Task task) {
        if (!stopping) {
            return;
        }
        task.keepVectorState();
        try (WaitSet nothing = task.blocker().newWaitSet()) {
            while (isStoppedHere(task)) {
                Optional<Work> mine = workOf(task);
                if (mine.isPresent()) {
                    perform(task, mine.get());
                } else {
                    task.sleep().undisturbed(nothing);
                }
            }
        }
        task.dropVectorState();
    }

    private boolean isStoppedHere(Task task) {
        synchronized (worldLock) {
            boolean stays =
                    switch (phase) {
                        case STOPPING -> !task.isEnding();
                        case STOPPED -> true;
                        case SETTLING -> !unsettled.contains(task) && !task.isEnding();
                        case RUNNING, ENDING -> false;
                    };
            boolean changed = stays ? stopped.add(task) : stopped.remove(task);
            if (changed) {
                worldLock.notifyAll();
            }
            return stays;
        }
    }

    private Optional<Work> workOf(Task task) {
        synchronized (worldLock) {
            return work.filter(each -> each.left.contains(task));
        }
    }

    private void perform(Task task, Work mine) {
        Optional<RuntimeException> failure = Optional.empty();
        try {
            mine.action.perform(task);
        } catch (RuntimeException e) {
            failure = Optional.of(e);
        } catch (Error e) {
            // Whoever waits for this is to learn of it: the task itself can do nothing about it.
            failure =
                    Optional.of(
                            new IllegalStateException("task %d: %s".formatted(task.tid(), e), e));
        }
        synchronized (worldLock) {
            mine.left.remove(task);
            if (mine.failure.isEmpty()) {
                mine.failure = failure;
            }
            worldLock.notifyAll();
        }
    }
}
