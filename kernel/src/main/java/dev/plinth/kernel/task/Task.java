package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.futex.FutexCaller;
import dev.plinth.kernel.mm.GuestMemory;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FsContext;
import dev.plinth.kernel.vfs.WaitSet;

import java.util.Optional;

/**
 * A thread of a guest process.
 *
 * <p>Lasting state: registers and vector state, the blocked and pending signals and the alternate
 * stack, and what it shares with others: memory, descriptors, directories, credentials.
 *
 * <p>A method that does not say otherwise is called by the task's own thread.
 */
public final class Task {
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

    /** Time in the guest's instructions; written by the task thread, read by anyone. */
    private volatile long userNanos;

    /** Time in system calls, but not asleep; like {@link #userNanos}. */
    private volatile long systemNanos;

    /** Whether nothing but the end of the task ends its sleep; confined to the task thread. */
    private boolean killableOnly;

    /** Told when the task gives up the memory that it was born with: the parent's vfork(2). */
    private volatile Optional<VforkWait> vforkWait = Optional.empty();

    /**
     * Set by {@link #kick}, cleared by the task thread before it looks at what there is to do: at
     * first a signal may be there that was sent before the task ran.
     */
    private volatile boolean kicked = true;

    /** Keeps what runs open while another thread reaches for it. */
    private final Object runningLock = new Object();

    /** Written by the task thread under the lock: before the guest runs, and when it has ended. */
    private volatile Optional<Running> running = Optional.empty();

    /** At most {@link #NAME_BYTES} less one; replaced by the task thread, read by anyone. */
    private volatile byte[] name;

    /** Where zero is stored when the task ends; zero for nowhere (set_tid_address(2)). */
    private long clearChildTid;

    /** The head of the list of futexes that the task owns; zero for none (set_robust_list(2)). */
    private volatile long robustList;

    private boolean inSyscall;

    /** Confined to the task thread. */
    private RestartBlock restartBlock = RestartBlock.NONE;

    /** What exists while the task's thread runs. */
    record Running(
            Thread thread, ExecutionContext context, SignalDelivery delivery, TaskWait waiting) {}

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
        this.resources = requireNonNull(resources, "resources is null");
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
        return new ResourceUsage(userNanos, systemNanos, memory().usage().peakResident());
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
        if (replacement.gainsOver(old)) {
            group.settings().setDumpable(false);
            settings.setParentDeathSignal(0);
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

    /** Whether a call that sleeps is to be broken off: a signal, or the end of the task. */
    public boolean isInterrupted() {
        return isEnding() || (!killableOnly && signals.hasDeliverable());
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

    /** Whether the guest is in a system call: a result stands in rax and may be a restart code. */
    boolean isInSyscall() {
        return inSyscall;
    }

    void enterSyscall() {
        inSyscall = true;
    }

    void leaveSyscall() {
        inSyscall = false;
    }

    /** Begins or ends the time in which other threads can reach what runs. */
    void setRunning(Optional<Running> parts) {
        synchronized (runningLock) {
            running = parts;
        }
    }

    /** What the task sleeps with. */
    public Blocker blocker() {
        return running().waiting();
    }

    /**
     * Sleeps until something in a set may have happened, whatever signals come.
     *
     * @return false if the task is to end
     */
    boolean sleepKillable(WaitSet set) {
        killableOnly = true;
        try {
            return blocker().await(set, Blocker.NO_DEADLINE) != Blocker.Outcome.INTERRUPTED;
        } finally {
            killableOnly = false;
        }
    }

    /**
     * Says how the call goes on that a signal breaks off, with the time that is left: {@code throw
     * task.restartWith(...)}.
     */
    public RestartException restartWith(RestartBlock block) {
        restartBlock = requireNonNull(block, "block is null");
        return RestartException.of(RestartException.Kind.WITH_TIME_LEFT);
    }

    /** Goes on with the call that a signal broke off, as restart_syscall(2). */
    public long restart() {
        return restartBlock.restart(this);
    }

    /** Forgets a call that a signal broke off: a handler ran instead. */
    void forgetRestart() {
        restartBlock = RestartBlock.NONE;
    }

    /** Sleeps until a signal comes or the task ends. */
    public void sleepUntilInterrupted() {
        try (WaitSet nothing = blocker().newWaitSet()) {
            while (blocker().await(nothing, Blocker.NO_DEADLINE) != Blocker.Outcome.INTERRUPTED) {}
        }
    }

    /**
     * Sleeps until a moment.
     *
     * @param deadline on the monotonic clock, or {@link Blocker#NO_DEADLINE}
     * @return whether it has come; if not, a signal came or the process ends
     */
    public boolean sleepUntil(long deadline) {
        try (WaitSet nothing = blocker().newWaitSet()) {
            while (true) {
                switch (blocker().await(nothing, deadline)) {
                    case READY -> {}
                    case TIMED_OUT -> {
                        return true;
                    }
                    case INTERRUPTED -> {
                        return false;
                    }
                }
            }
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
