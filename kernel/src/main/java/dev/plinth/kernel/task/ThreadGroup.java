package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.DefaultAction;
import dev.plinth.kernel.signal.PendingSignals;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalActions;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.vfs.WaitQueue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process: tasks that share memory, signal actions and an exit.
 *
 * <p>Any thread may call any method that does not say otherwise.
 */
// Linux' own term; the JDK's class of this name is one that nobody uses.
@SuppressWarnings("AvoidCommonTypeNames")
public final class ThreadGroup {
    private final int pid;
    private final ResourceLimits limits;
    private final long startMonotonicNanos;
    private final ProcessSettings settings;

    /** Guarded by the tree lock. */
    private final ProcessLinks links = new ProcessLinks();

    /** Where its tasks wait for children. */
    private final WaitQueue childEvents = new WaitQueue();

    /** Guards everything about signals and the exit, here and in {@link TaskSignals}. */
    final Object signalLock = new Object();

    @GuardedBy("signalLock")
    private SignalActions actions;

    @GuardedBy("signalLock")
    private final PendingSignals shared = new PendingSignals();

    @GuardedBy("signalLock")
    private final List<Task> tasks = new ArrayList<>();

    @GuardedBy("signalLock")
    private Optional<ExitStatus> exit = Optional.empty();

    /** The task that executes a program, for which all others end. */
    @GuardedBy("signalLock")
    private Optional<Task> survivor = Optional.empty();

    /** What those of its tasks used that have ended. */
    @GuardedBy("signalLock")
    private ResourceUsage usage = ResourceUsage.NONE;

    /** What those of its children used that it has waited for. */
    @GuardedBy("signalLock")
    private ResourceUsage childUsage = ResourceUsage.NONE;

    /**
     * A process without tasks.
     *
     * @param actions of its signals; shared with another process after CLONE_SIGHAND
     */
    ThreadGroup(
            int pid,
            ResourceLimits limits,
            ProcessSettings settings,
            SignalActions actions,
            long startMonotonicNanos) {
        this.pid = pid;
        this.limits = requireNonNull(limits, "limits is null");
        this.settings = requireNonNull(settings, "settings is null");
        this.actions = requireNonNull(actions, "actions is null");
        this.startMonotonicNanos = startMonotonicNanos;
    }

    /** The process number. */
    public int pid() {
        return pid;
    }

    /** The number of the process that waits for it; zero if that is outside the sandbox. */
    public int parentPid(ProcessTable table) {
        synchronized (table.treeLock) {
            return links.parent.map(ThreadGroup::pid).orElse(0);
        }
    }

    /** The resource limits. */
    public ResourceLimits limits() {
        return limits;
    }

    /** What is set for the process. */
    public ProcessSettings settings() {
        return settings;
    }

    /** When the process was made, on the monotonic clock. */
    public long startMonotonicNanos() {
        return startMonotonicNanos;
    }

    /** What ties it to other processes; guarded by the tree lock. */
    ProcessLinks links() {
        return links;
    }

    /** Is woken when something happens to a child. */
    WaitQueue childEvents() {
        return childEvents;
    }

    /** The actions of the signals; the caller holds {@link #signalLock}. */
    @GuardedBy("signalLock")
    SignalActions actions() {
        return actions;
    }

    /** The signals that are pending for no task in particular; the caller holds the lock. */
    @GuardedBy("signalLock")
    PendingSignals sharedPending() {
        return shared;
    }

    /** Adds a task; the caller holds the tree lock. */
    void add(Task task) {
        synchronized (signalLock) {
            tasks.add(task);
            if (exit.isPresent()) {
                task.end(exit.get());
            }
        }
    }

    /**
     * Takes out a task that has ended.
     *
     * @return whether it was the last
     */
    boolean remove(Task task, ResourceUsage used) {
        synchronized (signalLock) {
            tasks.remove(task);
            usage = usage.plus(used);
            // It may have been about to take a signal that is for the process.
            if (shared.set() != SignalSet.EMPTY) {
                tasks.forEach(Task::kick);
            }
            signalLock.notifyAll();
            return tasks.isEmpty();
        }
    }

    /** The tasks that live, the first one first. */
    public List<Task> tasks() {
        synchronized (signalLock) {
            return List.copyOf(tasks);
        }
    }

    /**
     * Sends a signal to the process: some task that does not block it will take it.
     *
     * @return whether there was room for it, see {@link PendingSignals#add}
     */
    public boolean send(SignalInfo info) {
        synchronized (signalLock) {
            if (exit.isPresent() || isDropped(info.signal())) {
                return true;
            }
            if (!shared.add(info, limits.soft(ResourceLimits.RLIMIT_SIGPENDING))) {
                return false;
            }
            for (Task task : tasks) {
                if (!SignalSet.contains(task.signals().blocked(), info.signal())) {
                    task.kick();
                    return true;
                }
            }
            return true;
        }
    }

    /**
     * Whether a signal is dropped instead of becoming pending, as Linux' sig_ignored() says; the
     * caller holds the lock. A blocked signal is kept, for its action may change.
     */
    @GuardedBy("signalLock")
    boolean isDropped(Signal signal) {
        if (!actions.ignores(signal)) {
            return false;
        }
        for (Task task : tasks) {
            if (SignalSet.contains(task.signals().blocked(), signal)) {
                return false;
            }
        }
        return true;
    }

    /** Ends the whole process, unless it is ending already. */
    public void exit(ExitStatus status) {
        synchronized (signalLock) {
            if (exit.isEmpty()) {
                exit = Optional.of(status);
                survivor = Optional.empty();
            }
            for (Task task : tasks) {
                task.end(exit.get());
            }
            signalLock.notifyAll();
        }
    }

    /**
     * Ends all tasks but one, which executes a program, and waits until they are gone.
     *
     * @return false if the process ends, or another task was first: then this one ends too
     */
    boolean endOthers(Task task) {
        synchronized (signalLock) {
            if (exit.isPresent() || survivor.isPresent()) {
                return false;
            }
            survivor = Optional.of(task);
            for (Task other : tasks) {
                if (other != task) {
                    other.end(ThreadGroup.killedBy(Signal.SIGKILL));
                }
            }
            boolean interrupted = false;
            while (exit.isEmpty() && tasks.size() > 1) {
                try {
                    signalLock.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            survivor = Optional.empty();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return exit.isEmpty();
        }
    }

    /** Whether a task executes a program, so that no other can be added. */
    boolean hasSurvivor() {
        synchronized (signalLock) {
            return survivor.isPresent();
        }
    }

    /** What its tasks used, as far as they have ended. */
    ResourceUsage usageOfEndedTasks() {
        synchronized (signalLock) {
            return usage;
        }
    }

    /** What those children used that were waited for, with all that these waited for. */
    public ResourceUsage childUsage() {
        synchronized (signalLock) {
            return childUsage;
        }
    }

    void addChildUsage(ResourceUsage used) {
        synchronized (signalLock) {
            childUsage = childUsage.plus(used);
        }
    }

    /** The first task, if there is one. */
    Optional<Task> anyTask() {
        synchronized (signalLock) {
            return tasks.stream().findFirst();
        }
    }

    /** The action of a signal. */
    SignalAction action(Signal signal) {
        synchronized (signalLock) {
            return actions.get(signal);
        }
    }

    /** The signal actions themselves, for a process that shares them. */
    SignalActions sharedActions() {
        synchronized (signalLock) {
            return actions;
        }
    }

    /** The signal actions of a process that is cloned from this one. */
    SignalActions copyActions() {
        synchronized (signalLock) {
            return actions.copy();
        }
    }

    /** What execve(2) does to the actions, which are shared with no other process afterwards. */
    void resetActions() {
        synchronized (signalLock) {
            actions = actions.copy();
            actions.resetForExec();
        }
    }

    /** How the process ends, or ended; empty while nothing ends it. */
    public Optional<ExitStatus> exitStatus() {
        synchronized (signalLock) {
            return exit;
        }
    }

    /** Whether the process is ending or has ended. */
    boolean isExiting() {
        return exitStatus().isPresent();
    }

    /** Whether the default action of a signal ends a process, leaving a core file where it may. */
    static ExitStatus.Killed killedBy(Signal signal) {
        return new ExitStatus.Killed(signal, DefaultAction.of(signal) == DefaultAction.CORE_DUMP);
    }
}
