package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.DefaultAction;
import dev.plinth.kernel.signal.PendingSignals;
import dev.plinth.kernel.signal.SignalActions;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;

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
    private final ProcessSettings settings = new ProcessSettings();

    /** Guards everything about signals and the exit, here and in {@link TaskSignals}. */
    final Object signalLock = new Object();

    @GuardedBy("signalLock")
    private final SignalActions actions = new SignalActions();

    @GuardedBy("signalLock")
    private final PendingSignals shared = new PendingSignals();

    @GuardedBy("signalLock")
    private final List<Task> tasks = new ArrayList<>();

    @GuardedBy("signalLock")
    private Optional<ExitStatus> exit = Optional.empty();

    ThreadGroup(int pid, ResourceLimits limits, long startMonotonicNanos) {
        this.pid = pid;
        this.limits = requireNonNull(limits, "limits is null");
        this.startMonotonicNanos = startMonotonicNanos;
    }

    /** The process number. */
    public int pid() {
        return pid;
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

    void add(Task task) {
        synchronized (signalLock) {
            tasks.add(task);
        }
    }

    void remove(Task task) {
        synchronized (signalLock) {
            tasks.remove(task);
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
            }
            for (Task task : tasks) {
                task.kick();
            }
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
