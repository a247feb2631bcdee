package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.signal.DefaultAction;
import dev.plinth.kernel.signal.PendingSignals;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalActions;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ProcessState;
import dev.plinth.kernel.timer.TimerClock;
import dev.plinth.kernel.vfs.WaitQueue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A process: tasks that share memory, signal actions and an exit.
 *
 * <p>Any thread may call any method that does not say otherwise.
 */
// Linux' own term; the JDK's class of this name is one that nobody uses.
@SuppressWarnings("AvoidCommonTypeNames")
public final class ThreadGroup implements Stateful {
    private final int pid;
    private final ResourceLimits limits;
    private final long startMonotonicNanos;
    private final ProcessSettings settings;

    /** Set when the process is made known, before anybody asks; changed by execve(2). */
    private volatile Task leader;

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

    private final GroupStop stop = new GroupStop(this);
    private final AtomicInteger barrierRegistrations = new AtomicInteger();
    private final ProcessTimers timers = new ProcessTimers(this);

    @GuardedBy("signalLock")
    private Optional<ExitStatus> exit = Optional.empty();

    /** The task that executes a program, for which all others end. */
    @GuardedBy("signalLock")
    @NotSaved("a program is executed wholly or not at all before a stop")
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

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return SavedProcess.save(this, leader.kernel(), writer);
    }

    /** Adds to what is saved of it; the world is stopped. */
    void save(ProcessState.Builder state) {
        synchronized (signalLock) {
            state.setPending(shared.save()).setUsage(usage.save());
        }
    }

    /** Becomes what was saved, for one that nobody knows yet. */
    void restore(ProcessState state) {
        synchronized (signalLock) {
            shared.restore(state.getPending());
            usage = ResourceUsage.restore(state.getUsage());
            childUsage = ResourceUsage.restore(state.getChildUsage());
            if (state.hasExit()) {
                exit = Optional.of(ExitStatus.restore(state.getExit()));
            }
        }
    }

    /** Adds a task that was saved. */
    void restoreTask(Task task) {
        synchronized (signalLock) {
            tasks.add(task);
        }
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
            if (task.tid() == pid) {
                leader = task;
            }
            if (exit.isPresent()) {
                task.end(exit.get());
            } else if (survivor.isPresent()) {
                // It was asked before, but another task has begun to execute a program since.
                task.end(killedBy(Signal.SIGKILL));
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
            stop.removeLocked(task);
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
            if (!prepareLocked(info.signal())) {
                return true;
            }
            if (!shared.add(info, hasRoomLocked())) {
                return false;
            }
            wakeOneLocked(SignalSet.of(info.signal()), tasks);
            return true;
        }
    }

    /**
     * Sends a signal of a timer, for which there is always room.
     *
     * @return false if it is ignored
     */
    boolean sendOfTimer(SignalInfo info) {
        synchronized (signalLock) {
            if (!prepareLocked(info.signal())) {
                return false;
            }
            shared.addOfTimer(info);
            wakeOneLocked(SignalSet.of(info.signal()), tasks);
            return true;
        }
    }

    /** Drops what is pending from a timer. */
    void discardTimer(int id) {
        synchronized (signalLock) {
            shared.removeTimer(id);
            tasks.forEach(task -> task.signals().removeTimerLocked(id));
        }
    }

    /** For which barriers of membarrier(2) it is registered. */
    public int barrierRegistrations() {
        return barrierRegistrations.get();
    }

    /** Registers it for a barrier of membarrier(2). */
    public void registerForBarriers(int command) {
        barrierRegistrations.accumulateAndGet(command, (a, b) -> a | b);
    }

    /** The timers. */
    public ProcessTimers timers() {
        return timers;
    }

    /**
     * The clock of the process's CPU time.
     *
     * @param withSystem whether time in system calls counts
     */
    public TimerClock cpuClock(boolean withSystem) {
        return CpuClock.of(this, withSystem);
    }

    /**
     * Does what a signal does by being sent.
     *
     * @return whether it is to become pending
     */
    @GuardedBy("signalLock")
    boolean prepareLocked(Signal signal) {
        if (exit.isPresent()) {
            return false;
        }
        stop.prepareLocked(signal);
        if (signal == Signal.SIGKILL) {
            exit(killedBy(signal));
            return false;
        }
        return !isDropped(signal);
    }

    /** Whether one more signal may be queued for the process or one of its tasks. */
    @GuardedBy("signalLock")
    boolean hasRoomLocked() {
        long queued = shared.size();
        for (Task task : tasks) {
            queued += task.signals().queuedLocked();
        }
        return queued < limits.pendingSignals();
    }

    /** Kicks a task that can take one of the signals, which are pending for the process. */
    private static void wakeOneLocked(long signals, List<Task> candidates) {
        for (Task task : candidates) {
            if ((signals & ~task.signals().blocked()) != SignalSet.EMPTY) {
                task.kick();
                return;
            }
        }
    }

    /** A task no longer takes some signals: others may have to; {@code retarget_shared_pending}. */
    @GuardedBy("signalLock")
    void retargetLocked(Task task, long signals) {
        long pending = shared.set() & signals;
        if (pending != SignalSet.EMPTY) {
            wakeOneLocked(pending, tasks.stream().filter(other -> other != task).toList());
        }
    }

    /** Drops pending instances of signals, for the process and for each of its tasks. */
    @GuardedBy("signalLock")
    void discardLocked(long signals) {
        shared.discard(signals);
        tasks.forEach(task -> task.signals().discardLocked(signals));
    }

    @GuardedBy("signalLock")
    void kickAllLocked() {
        tasks.forEach(Task::kick);
    }

    /** How it is stopped and continued. */
    GroupStop stop() {
        return stop;
    }

    /** Whether it is stopped, or about to. */
    public boolean isStopped() {
        return stop.isStopping();
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
            if (SignalSet.contains(task.signals().blockedOrAwaited(), signal)) {
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
            try (PatientWait wait = new PatientWait(signalLock)) {
                while (exit.isEmpty() && tasks.size() > 1) {
                    wait.forChange();
                }
            }
            survivor = Optional.empty();
            return exit.isEmpty();
        }
    }

    /** The signal that has stopped it, or is about to; empty while it goes on. */
    Optional<Signal> stopSignal() {
        return stop.signal();
    }

    /** Whether a task executes a program, so that no other can be added. */
    boolean hasSurvivor() {
        synchronized (signalLock) {
            return survivor.isPresent();
        }
    }

    /** What the process has used. */
    public ResourceUsage usage() {
        ResourceUsage sum;
        List<Task> running;
        synchronized (signalLock) {
            sum = usage;
            running = List.copyOf(tasks);
        }
        for (Task task : running) {
            sum = sum.plus(task.usage());
        }
        return sum;
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

    /** The task that has the process' number, also when it has ended before the others. */
    Task leader() {
        return leader;
    }

    /** Makes a task the one that has the process' number: it executes a program. */
    void setLeader(Task task) {
        leader = task;
    }

    /** The first task, if there is one. */
    Optional<Task> anyTask() {
        synchronized (signalLock) {
            return tasks.stream().findFirst();
        }
    }

    /** Who it acts as: its first task; empty if it has ended. */
    public Optional<Credentials> credentials() {
        return anyTask().map(Task::credentials);
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
