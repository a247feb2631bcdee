package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.Registers;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.ExecCredentials;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.futex.FutexCaller;
import dev.plinth.kernel.mm.GuestMemory;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.signal.FaultDetails;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.timer.TimerClock;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FsContext;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/**
 * A thread of a guest process.
 *
 * <p>Lasting state: registers and vector state, the blocked and pending signals and the alternate
 * stack, and what it shares with others: memory, descriptors, directories, credentials.
 *
 * <p>A method that does not say otherwise is called by the task's own thread.
 */
public final class Task implements Stateful {
    /** The size of a task's name with its zero byte: TASK_COMM_LEN. */
    public static final int NAME_BYTES = 16;

    private final Kernel kernel;
    private final ThreadGroup group;
    private final TaskSignals signals;
    private final Registers registers = new Registers();
    private final TaskSettings settings;

    /** Changes when another than the first task of a process executes a program. */
    private volatile int tid;

    /** Replaced by the task thread (execve); read by anyone. */
    private volatile TaskResources resources;

    /**
     * How the task ends; empty while it does not. Written by its own thread, and under the group's
     * signal lock.
     */
    private volatile Optional<ExitStatus> ending = Optional.empty();

    private final AtomicReference<Scheduling> scheduling;

    /** Odd while the guest runs: it grows whenever that begins or ends. By the task thread. */
    @NotSaved("how much it ran is for this sandbox to know")
    private volatile long guestRuns;

    /** What was used before a restore; set before the task is known. */
    private TaskClock.Used usedBefore = TaskClock.Used.NONE;

    /** Set by the task thread when it begins. */
    private volatile Optional<TaskClock> cpuTime = Optional.empty();

    /** Told when the task gives up the memory that it was born with: the parent's vfork(2). */
    private volatile Optional<VforkWait> vforkWait = Optional.empty();

    /**
     * Set by {@link #kick}, cleared by the task thread before it looks at what there is to do: at
     * first a signal may be there that was sent before the task ran.
     */
    @NotSaved("a task is kicked when it goes on")
    private volatile boolean kicked = true;

    /** Keeps what runs open while another thread reaches for it. */
    private final Object runningLock = new Object();

    /** Written by the task thread under the lock: before the guest runs, and when it has ended. */
    @NotSaved("the platform's")
    private volatile Optional<Running> running = Optional.empty();

    /** At most {@link #NAME_BYTES} less one; replaced by the task thread, read by anyone. */
    private volatile byte[] name;

    /** Where zero is stored when the task ends; zero for nowhere (set_tid_address(2)). */
    private long clearChildTid;

    /** The head of the list of futexes that the task owns; zero for none (set_robust_list(2)). */
    private volatile long robustList;

    private final TaskCall call;
    private final TaskSleep sleep;

    /** Of the exception whose signal is pending; confined to the task thread. */
    private FaultDetails faultDetails = FaultDetails.NONE;

    /** Set while a child has the memory of this task: it does nothing. By the task thread. */
    private volatile Optional<VforkWait> lent = Optional.empty();

    /** Present while the world is stopped; written by the task thread. */
    private volatile Optional<byte[]> vectorState = Optional.empty();

    /** What exists while the task's thread runs. */
    record Running(Thread thread, TaskContext context, SignalDelivery delivery, TaskWait waiting) {}

    Task(
            Kernel kernel,
            ThreadGroup group,
            int tid,
            byte[] name,
            TaskSettings settings,
            TaskResources resources) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.group = requireNonNull(group, "group is null");
        this.tid = tid;
        this.name = name.clone();
        this.settings = requireNonNull(settings, "settings is null");
        this.signals = new TaskSignals(this, group);
        this.call = new TaskCall(this);
        this.sleep = new TaskSleep(this);
        this.scheduling = new AtomicReference<>(Scheduling.initial(kernel.processors()));
        this.resources = requireNonNull(resources, "resources is null");
        group.limits().setMayLockAnything(credentials().has(Capability.IPC_LOCK));
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return SavedTask.save(this, writer);
    }

    /** The sandbox that the task lives in. Any thread. */
    public Kernel kernel() {
        return kernel;
    }

    /** The process that the task is a thread of. Any thread. */
    public ThreadGroup group() {
        return group;
    }

    /** The thread number. Any thread. */
    public int tid() {
        return tid;
    }

    /** Renumbers the task, under the tree lock. */
    void setTid(int number) {
        tid = number;
    }

    /** The name, as in /proc/[pid]/comm: bytes without a zero. Any thread. */
    public byte[] name() {
        return name.clone();
    }

    /**
     * Renames the task, as prctl(2) with PR_SET_NAME.
     *
     * @param bytes at most {@link #NAME_BYTES} less one
     */
    public void setName(byte[] bytes) {
        if (bytes.length >= NAME_BYTES) {
            throw new IllegalArgumentException("a name has at most 15 bytes");
        }
        name = bytes.clone();
    }

    /** Where zero is stored when the task ends; zero for nowhere. */
    public long clearChildTid() {
        return clearChildTid;
    }

    /** Says where zero is stored when the task ends, as set_tid_address(2). */
    public void setClearChildTid(long address) {
        clearChildTid = address;
    }

    /** Where the list of the futexes is that the task owns; zero for nowhere. Any thread. */
    public long robustList() {
        return robustList;
    }

    /** Says where the list of the futexes is that the task owns, as set_robust_list(2). */
    public void setRobustList(long head) {
        robustList = head;
    }

    /** The signals of the task. Any thread, within what its methods say. */
    public TaskSignals signals() {
        return signals;
    }

    /** What the task has used. Any thread. */
    public ResourceUsage usage() {
        TaskClock.Used used = used();
        return new ResourceUsage(used.user(), used.system(), memory().peakResidentPages());
    }

    /** When and where the task is to run. Any thread. */
    public Scheduling scheduling() {
        return scheduling.get();
    }

    /** Changes when and where the task is to run. Any thread. */
    public void changeScheduling(UnaryOperator<Scheduling> change) {
        scheduling.updateAndGet(change);
    }

    /** Odd while the guest runs; another number means that it left the guest. Any thread. */
    long guestRuns() {
        return guestRuns;
    }

    /** The guest is about to run, or has ended to. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // by the task thread only
    void countGuestRun() {
        guestRuns++;
    }

    /** The clock of the task's CPU time. Any thread. */
    public TimerClock cpuClock() {
        return CpuClock.of(this);
    }

    /** The CPU time that the task has used. Any thread. */
    long cpuNanos() {
        return used().total();
    }

    private TaskClock.Used used() {
        return usedBefore.plus(cpuTime.map(TaskClock::used).orElse(TaskClock.Used.NONE));
    }

    /** Says what was used before a restore. */
    void restoreUsed(TaskClock.Used used) {
        usedBefore = used;
    }

    /** From now on the task uses CPU time. */
    void setCpuTime(TaskClock clock) {
        cpuTime = Optional.of(clock);
    }

    /** The general registers. */
    public Registers registers() {
        return registers;
    }

    /** The address space. Any thread. */
    public MemoryManager memory() {
        return resources.image().memory();
    }

    /** The memory as system calls read and write it. Any thread. */
    public GuestMemory guestMemory() {
        return resources.image().memory().guestMemory();
    }

    /** The open descriptors. Any thread. */
    public FdTable files() {
        return resources.files();
    }

    /** Root, working directory and umask. Any thread. */
    public FsContext fs() {
        return resources.fs();
    }

    /** Who the task acts as. Any thread. */
    public Credentials credentials() {
        return resources.credentials();
    }

    /**
     * Changes who the task acts as: {@code commit_creds} of kernel/cred.c.
     *
     * <p>A process that acts as someone else now, or may do more, is not to be looked into by those
     * who could before, and its parent's death is not its business.
     */
    public void setCredentials(Credentials replacement) {
        Credentials old = credentials();
        resources = resources.with(replacement);
        group.limits().setMayLockAnything(replacement.has(Capability.IPC_LOCK));
        if (replacement.gainsOver(old)) {
            group.settings().setDumpable(false);
            settings.setParentDeathSignal(0);
        }
    }

    /** Changes who the task acts as, for it runs another program now. */
    void becomeAfterExec(ExecCredentials identity) {
        Credentials credentials = identity.credentials();
        resources = resources.with(credentials);
        group.limits().setMayLockAnything(credentials.has(Capability.IPC_LOCK));
        boolean actsAsItself =
                credentials.uids().effective() == credentials.uids().real()
                        && credentials.gids().effective() == credentials.gids().real();
        group.settings().setDumpable(actsAsItself);
        if (identity.secure()) {
            settings.setParentDeathSignal(0);
        }
        if (!actsAsItself) {
            settings.setPersonality(settings.personality() & ~TaskSettings.ADDR_NO_RANDOMIZE);
        }
    }

    /** What the task has set for itself. Any thread may read. */
    public TaskSettings settings() {
        return settings;
    }

    /** What the task shares with others. Any thread. */
    TaskResources resources() {
        return resources;
    }

    /** Gives the task a descriptor table of its own, as unshare(2) with CLONE_FILES. */
    public void unshareFiles() {
        FdTable shared = resources.files();
        if (shared.isShared()) {
            setResources(resources.with(shared.copy()));
            shared.close();
        }
    }

    /** Replaces what the task shares with others. */
    void setResources(TaskResources replacement) {
        resources = replacement;
    }

    /**
     * Makes the task look for what there is to do: signals, the end of its process. Any thread.
     *
     * <p>Whether the guest runs, a call sleeps, or neither, the task notices before it next runs
     * the guest or sleeps.
     */
    public void kick() {
        kicked = true;
        synchronized (runningLock) {
            if (running.isPresent() && running.get().thread() != Thread.currentThread()) {
                running.get().context().interrupt();
                running.get().waiting().wake();
            }
        }
    }

    /** Whether the task was kicked since it was last asked; asking clears it. */
    boolean takeKick() {
        if (!kicked) {
            return false;
        }
        kicked = false;
        return true;
    }

    /**
     * Wakes the task if it sleeps, and does nothing else. Any thread.
     *
     * <p>Unlike {@link #kick} it leaves nothing for the guest's next run.
     */
    void wake() {
        synchronized (runningLock) {
            running.ifPresent(parts -> parts.waiting().wake());
        }
    }

    /** Whether something other than the stop of the world is to break off a call that sleeps. */
    boolean isSignalled() {
        return isEnding() || signals.hasDeliverable() || group.isStopped();
    }

    /** Whether the task ends, or a signal is pending that ends its process without a word. */
    boolean isToEnd() {
        return isEnding() || signals.hasFatal();
    }

    /** Whether the task is to end, by itself or with its process. Any thread. */
    public boolean isEnding() {
        return ending.isPresent();
    }

    /** How the task ends; empty while it does not. Any thread. */
    Optional<ExitStatus> ending() {
        return ending;
    }

    /**
     * Makes the task end, unless it is ending already. Its own thread, or under the signal lock.
     */
    void end(ExitStatus status) {
        if (ending.isEmpty()) {
            ending = Optional.of(status);
        }
        kick();
    }

    /** Ends the task, but not its process: exit(2). */
    public void exit(int code) {
        end(new ExitStatus.Exited(code & 0xff));
    }

    /** Has somebody told when the task gives up its memory; before the task runs. */
    void setVforkWait(VforkWait wait) {
        vforkWait = Optional.of(wait);
    }

    /** Tells whoever waits that the task has given up the memory it was born with. */
    void endVfork() {
        vforkWait.ifPresent(VforkWait::end);
        vforkWait = Optional.empty();
    }

    /** A child has the task's memory, until it gives it up; set before the task returns to it. */
    void lendMemory(VforkWait wait) {
        lent = Optional.of(wait);
    }

    /** What the task waits for before it does anything else. Any thread. */
    Optional<VforkWait> lent() {
        return lent;
    }

    /** Who is told when the task gives up its memory. */
    Optional<VforkWait> vforkWait() {
        return vforkWait;
    }

    /** Waits until the task has its memory back, if a child has it, or the task is to end. */
    void awaitReturnOfMemory() {
        if (lent.isPresent()) {
            lent.get().await(this);
            lent = Optional.empty();
        }
    }

    /** Keeps the vector state where others can read it; the world is stopping. */
    void keepVectorState() {
        vectorState = Optional.of(VectorStates.read(kernel.capabilities(), context()));
    }

    /** Says what the vector state was before a restore, until the task begins. */
    void restoreVectorState(byte[] state) {
        vectorState = Optional.of(state);
    }

    /** The world goes on. */
    void dropVectorState() {
        vectorState = Optional.empty();
    }

    /** The vector state. Any thread, while the world is stopped. */
    byte[] vectorState() {
        return vectorState.orElseThrow(() -> new IllegalStateException(this + " is not stopped"));
    }

    /** What a handler is told of the exception whose signal is pending. */
    FaultDetails faultDetails() {
        return faultDetails;
    }

    /** Says what a handler is told of an exception. */
    void setFaultDetails(FaultDetails details) {
        faultDetails = details;
    }

    /** Whether a thread is the task's own. Any thread. */
    boolean isRunBy(Thread thread) {
        return running.filter(parts -> parts.thread() == thread).isPresent();
    }

    /** Whether the task sleeps in a call. Any thread. */
    boolean isAsleep() {
        return running.filter(parts -> parts.waiting().isAsleep()).isPresent();
    }

    /** Begins or ends the time in which other threads can reach what runs. */
    void setRunning(Optional<Running> parts) {
        synchronized (runningLock) {
            running = parts;
        }
    }

    /** The system call that the task is in. */
    public TaskCall call() {
        return call;
    }

    /** How the task sleeps, and what ends that early. */
    public TaskSleep sleep() {
        return sleep;
    }

    /** What the task sleeps with. */
    public Blocker blocker() {
        return running().waiting();
    }

    /**
     * The call that the task is in is over.
     *
     * @param again whether it is to be made again because the world was stopped
     */
    public void endCall(boolean again) {
        sleep.endCall();
        call.resumed().end(again);
        if (!again) {
            signals.keepNone();
        }
    }

    /** The task as the futexes know it. */
    public FutexCaller futexCaller() {
        return new FutexCaller(tid, memory(), blocker());
    }

    /** On whose behalf the file layer acts when this task calls it. */
    public Caller caller() {
        return new Caller(fs(), credentials(), group.pid(), tid);
    }

    /**
     * Goes back to what a signal handler interrupted: rt_sigreturn(2).
     *
     * @return what is to stand in rax
     */
    public long returnFromHandler() {
        running().delivery().returnFromHandler();
        return registers.rax();
    }

    /** What executes the task's instructions. */
    TaskContext context() {
        return running().context();
    }

    /** What exists while the task's thread runs. */
    Running running() {
        return running.orElseThrow(
                () -> new IllegalStateException("task " + tid + " is not running"));
    }

    @Override
    public String toString() {
        return "task " + tid;
    }
}
