package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.futex.Futexes;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.timer.TimerClock;
import dev.plinth.kernel.timer.TimerQueue;
import dev.plinth.kernel.vfs.MountTree;
import dev.plinth.kernel.vfs.Vfs;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/**
 * One sandbox: what all of its processes share.
 *
 * <p>Any thread may call any method. It borrows everything that it is made with.
 */
@NotSaved("what there is once is saved by SavedTasks")
public final class Kernel implements AutoCloseable {
    /** The number of the first process, which the sandbox lives and dies with. */
    public static final int INIT_PID = 1;

    /** How long tasks that were restored may take to come to where they were stopped. */
    private static final Duration RESTORED_PATIENCE = Duration.ofSeconds(30);

    private final HostKernel host;
    private final PlatformInUse platform;
    private final MemoryFile memoryFile;
    private final Clock clock;
    private final TimerClock realtimeClock;
    private final TimerClock monotonicClock;
    private final AtomicReference<UtsName> utsName;
    private final RandomSource random;
    private final int processors;
    private final long memoryTotal;
    private final Vfs vfs;
    private final MountTree mounts;
    private final InternalFileSystems internal;
    private final SyscallGate syscalls;
    private final Optional<Vdso> vdso;
    private final SandboxAge age;
    private final TimerQueue timers = new TimerQueue();
    private final Futexes futexes = new Futexes(this::hasTask);

    private final ProcessTable processes;
    private final TaskThreads threads = new TaskThreads();
    private final JobControl jobControl;
    private final TaskExit exit;
    private final TaskCloner cloner;
    private final FirstProcess first;
    private final ProcessEntry entry;
    private final ProgramExecution execution;
    private final ChildWait childWait;
    private final OomKiller oomKiller;
    private final World world = new World(this);

    /** Why a process could not go on: the first reason. */
    private final AtomicReference<Optional<String>> report =
            new AtomicReference<>(Optional.empty());

    /**
     * What a sandbox is made of.
     *
     * @param host the host's Linux
     * @param platform executes the guests
     * @param memoryFile holds the memory of all guests
     * @param clock tells the time
     * @param utsName what uname(2) tells
     * @param random gives random bytes
     * @param processors how many programs are told of
     * @param memoryTotal bytes that programs are told of
     * @param maxTasks how many processes and threads there may be at once
     * @param vfs what system calls do with paths
     * @param mounts the tree of files
     * @param internal what makes files without a name
     * @param syscalls the way into the system calls
     * @param vdso tells programs the time, if the platform lets it
     * @param age what goes back to before it was restored
     */
    public record Parts(
            HostKernel host,
            Platform platform,
            MemoryFile memoryFile,
            Clock clock,
            UtsName utsName,
            RandomSource random,
            int processors,
            long memoryTotal,
            int maxTasks,
            Vfs vfs,
            MountTree mounts,
            InternalFileSystems internal,
            SyscallGate syscalls,
            Optional<Vdso> vdso,
            SandboxAge age) {
        public Parts {
            requireNonNull(host, "host is null");
            requireNonNull(platform, "platform is null");
            requireNonNull(memoryFile, "memoryFile is null");
            requireNonNull(clock, "clock is null");
            requireNonNull(utsName, "utsName is null");
            requireNonNull(random, "random is null");
            requireNonNull(vfs, "vfs is null");
            requireNonNull(mounts, "mounts is null");
            requireNonNull(internal, "internal is null");
            requireNonNull(syscalls, "syscalls is null");
            requireNonNull(vdso, "vdso is null");
            requireNonNull(age, "age is null");
        }
    }

    public Kernel(Parts parts) {
        host = parts.host();
        memoryFile = parts.memoryFile();
        clock = parts.clock();
        realtimeClock = clock::realtimeNanos;
        monotonicClock = clock::monotonicNanos;
        utsName = new AtomicReference<>(parts.utsName());
        random = parts.random();
        processors = parts.processors();
        memoryTotal = parts.memoryTotal();
        vfs = parts.vfs();
        mounts = parts.mounts();
        internal = parts.internal();
        syscalls = parts.syscalls();
        vdso = parts.vdso();
        age = parts.age();
        platform = new PlatformInUse(parts.platform(), age.shown());
        oomKiller = new OomKiller(this, age.oomKills());
        processes = new ProcessTable(parts.maxTasks());
        jobControl = new JobControl(processes);
        exit = new TaskExit(this, processes, jobControl);
        cloner = new TaskCloner(this, processes, threads);
        first = new FirstProcess(this, processes, threads);
        entry = new ProcessEntry(this, processes, threads);
        execution = new ProgramExecution(this, processes, exit);
        childWait = new ChildWait(processes);
    }

    /** The host's Linux. */
    public HostKernel host() {
        return host;
    }

    /** What executes the guests. */
    Platform platform() {
        return platform.platform();
    }

    /**
     * Goes on on another platform, which has all that the programs were shown; while the world is
     * stopped.
     */
    void setPlatform(Platform next) {
        platform.replace(next);
    }

    /**
     * What programs are shown of the platform: as long as they live the same, even on another
     * platform, but for how many contexts it has.
     */
    public PlatformCapabilities capabilities() {
        return platform.capabilities();
    }

    /** The memory of all guests. */
    public MemoryFile memoryFile() {
        return memoryFile;
    }

    /** The clocks. */
    public Clock clock() {
        return clock;
    }

    /** The time of day for timers: always the same object. */
    public TimerClock realtimeClock() {
        return realtimeClock;
    }

    /** The monotonic clock for timers: always the same object. */
    public TimerClock monotonicClock() {
        return monotonicClock;
    }

    /** What uname(2) tells. */
    public UtsName utsName() {
        return utsName.get();
    }

    /** Changes what uname(2) tells, as sethostname(2). */
    public void rename(UnaryOperator<UtsName> change) {
        utsName.updateAndGet(change);
    }

    /** Random bytes. */
    public RandomSource random() {
        return random;
    }

    /** How many processors programs are told of. */
    public int processors() {
        return processors;
    }

    /** How many bytes of memory programs are told of. */
    public long memoryTotal() {
        return memoryTotal;
    }

    /** How many of those are not in use. */
    public long memoryFree() {
        return Math.max(0, memoryTotal - memoryFile.statistics().allocatedBytes());
    }

    /** What system calls do with paths. */
    public Vfs vfs() {
        return vfs;
    }

    /** The tree of files. */
    public MountTree mounts() {
        return mounts;
    }

    /** What makes pipes and other files without a name. */
    public InternalFileSystems internal() {
        return internal;
    }

    /** What waits for moments. */
    public TimerQueue timers() {
        return timers;
    }

    /** The futexes of all processes. */
    public Futexes futexes() {
        return futexes;
    }

    /** The way into the system calls. */
    SyscallGate syscalls() {
        return syscalls;
    }

    /** What tells programs the time without a system call, if the platform lets it. */
    public Optional<Vdso> vdso() {
        return vdso;
    }

    /** When the sandbox began, on the monotonic clock. */
    public long bootMonotonicNanos() {
        return age.bootMonotonicNanos();
    }

    /** How often the sandbox was restored. */
    public int restores() {
        return age.restores();
    }

    /** Who there is, by number. */
    public ProcessTable processes() {
        return processes;
    }

    /** What stopping and going on means for others. */
    JobControl jobControl() {
        return jobControl;
    }

    private boolean hasTask(int tid) {
        return processes.task(tid).isPresent();
    }

    /** What happens when there is no memory left. */
    public OomKiller oomKiller() {
        return oomKiller;
    }

    /** All tasks together. */
    World world() {
        return world;
    }

    /**
     * Stops every task of the sandbox at its safe point, and every timer: nothing changes that the
     * sandbox is made of until the result is closed. No program can tell, but by the clocks.
     *
     * <p>Signals from outside ({@link #signalInit}) are kept until then.
     *
     * @param patience how long it may take
     * @return the stopped sandbox; the caller closes it
     * @throws SandboxException SANDBOX_BUSY if it is stopped already, by whoever; SANDBOX_STOPPED
     *     if it has ended, has not begun, or ends before all tasks have stopped; TASKS_DO_NOT_STOP
     *     if that takes too long, with a word on each task that did not. It goes on then
     * @throws IllegalStateException if the thread of a task calls it
     */
    public StoppedWorld stopWorld(Duration patience) {
        world.stop(patience);
        return new StoppedWorld(this);
    }

    /** The tasks that live. */
    public List<Task> tasks() {
        return processes.tasks();
    }

    /** The process with a number, which may be a zombie. */
    public Optional<ThreadGroup> process(int pid) {
        return processes.process(pid);
    }

    /**
     * Makes the first process, which does not run yet.
     *
     * @param name of its first task
     * @param resources of its first task; the process owns them
     * @param start where it begins
     * @return its first task, to {@link #start} or to {@link #discard}
     */
    public Task newInit(
            byte[] name, TaskResources resources, ResourceLimits limits, ProgramStart start) {
        return first.make(name, resources, limits, start);
    }

    /** Lets the first process run. */
    public void start(Task task) {
        first.start(task);
    }

    /** The first process is one that was saved, and lives. */
    void restoreInit(ThreadGroup group) {
        first.restore(group);
    }

    /**
     * Lets all tasks run that were restored, and waits until they do.
     *
     * @throws SandboxException if one of them cannot; the sandbox ends then
     */
    public void startRestored() {
        List<Task> tasks = processes.tasks();
        RestoredBirths births = new RestoredBirths(tasks.size());
        timers.pause();
        world.beginStopped();
        processes.processes().forEach(process -> process.timers().resume(this));
        for (Task task : tasks) {
            world.enter();
            threads.runFirst(new TaskRunner(task, births.of(task)));
        }
        try {
            births.await(this);
        } finally {
            world.goOnOnceStopped(RESTORED_PATIENCE);
        }
    }

    /** Gives back what the tasks have that were restored and are not to be started. */
    public void discardRestored() {
        processes.removeAll().forEach(this::discard);
    }

    /** Gives back what a task has that is not to be started. */
    public void discard(Task task) {
        task.resources().close();
    }

    /**
     * Takes a number for a process that is to come in from outside, to {@link #startProcess} or to
     * {@link #cancelProcess}.
     *
     * @throws dev.plinth.kernel.errno.ErrnoException EAGAIN if there are too many tasks
     * @throws SandboxException SANDBOX_BUSY if the world is stopped; it does not stop until then
     */
    public int reserveProcess() {
        return entry.reserve();
    }

    /** Gives back the number of a process that did not come after all. */
    public void cancelProcess(int pid) {
        entry.cancel(pid);
    }

    /**
     * Lets a program run beside the first process, with no parent in the sandbox.
     *
     * @param pid a number that was reserved for it; given back if the program does not run
     * @param name of its first task
     * @param resources of its first task; the process owns them
     * @param start where it begins
     * @return the process
     * @throws dev.plinth.kernel.errno.ErrnoException ESRCH if the first process has ended, EAGAIN
     *     if the host has no room for one more
     */
    public ThreadGroup startProcess(
            int pid,
            byte[] name,
            TaskResources resources,
            ResourceLimits limits,
            ProgramStart start) {
        return entry.enter(pid, name, resources, limits, start);
    }

    /**
     * Waits until a process has ended.
     *
     * @return how it ended
     * @throws InterruptedException if the calling thread is interrupted
     */
    public ExitStatus awaitEnd(ThreadGroup process) throws InterruptedException {
        processes.awaitEnd(process);
        return process.exitStatus().orElseThrow();
    }

    /**
     * Makes a task out of another and lets it run, as clone(2); by the other's thread.
     *
     * @return its number
     * @throws dev.plinth.kernel.errno.ErrnoException as clone(2)
     * @throws dev.plinth.kernel.errno.RestartException if a signal is to be dealt with first
     */
    public int clone(Task parent, CloneRequest request) {
        return cloner.clone(parent, request);
    }

    /**
     * Runs another program in a process, as execve(2); by the thread of a task of it.
     *
     * @throws dev.plinth.kernel.errno.ErrnoException as execve(2); the old program goes on
     */
    public void execute(Task task, ProgramLoader.Request request) {
        execution.execute(task, request);
    }

    /**
     * Waits for a child of a task's process, as waitid(2); by the task's thread.
     *
     * @return what happened to it; empty if nothing has and the request has WNOHANG
     * @throws dev.plinth.kernel.errno.ErrnoException ECHILD if there is no such child
     * @throws dev.plinth.kernel.errno.RestartException if a signal came first
     */
    public Optional<ChildEvent> awaitChild(Task task, WaitRequest request) {
        return childWait.await(task, request);
    }

    /**
     * A task's thread is about to end.
     *
     * @param completed whether the thread ends because the task does; if not, something that was
     *     taken for impossible happened in it
     */
    void ended(Task task, boolean completed) {
        if (!completed) {
            report("an internal error, see the log");
            task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
        }
        exit.end(task);
    }

    /** Tells the user of the sandbox why a process could not go on; the first reason counts. */
    void report(String reason) {
        report.getAndUpdate(earlier -> earlier.or(() -> Optional.of(reason)));
    }

    /**
     * Ends the sandbox because of something that is no process's doing, such as memory that is to
     * be had from a damaged image.
     */
    void fail(SandboxException cause) {
        report(cause.getMessage());
        end();
    }

    /** Why a process could not go on, if it was not its own doing. */
    public Optional<String> reported() {
        return report.get();
    }

    /** Sends a signal from outside to the first process. */
    public void signalInit(Signal signal) {
        init().ifPresent(group -> signal(group, signal));
    }

    /**
     * Sends a signal from outside to a process.
     *
     * @return false if there is none of this number
     */
    public boolean signal(int pid, Signal signal) {
        Optional<ThreadGroup> process = process(pid);
        process.ifPresent(each -> signal(each, signal));
        return process.isPresent();
    }

    /** Sends a signal from outside to a process, which may have ended. */
    public void signal(ThreadGroup process, Signal signal) {
        world.whenNotStopped(() -> process.send(SignalInfo.fromKernel(signal)));
    }

    /** Sends a signal from outside to every process. */
    public void signalAll(Signal signal) {
        List<ThreadGroup> all = processes.processes();
        world.whenNotStopped(() -> all.forEach(each -> each.send(SignalInfo.fromKernel(signal))));
    }

    /** The first process, also when it has ended. */
    Optional<ThreadGroup> init() {
        return first.group();
    }

    /** Ends every process, as SIGKILL, those included that are being made. */
    void killAll() {
        processes.killAll();
    }

    /** Ends the sandbox: kills every process, also while the world is stopped. */
    public void end() {
        processes.killAll();
        world.end();
    }

    /**
     * Waits until every process has ended.
     *
     * @return how the first process ended
     * @throws InterruptedException if the calling thread is interrupted
     */
    public ExitStatus awaitExit() throws InterruptedException {
        processes.awaitEmpty();
        return init().flatMap(ThreadGroup::exitStatus)
                .orElseThrow(() -> new IllegalStateException("nothing was started"));
    }

    /** Waits until every process and every thread of the sandbox has ended. */
    @Override
    public void close() {
        boolean interrupted = false;
        boolean empty = false;
        while (!empty) {
            try {
                processes.awaitEmpty();
                empty = true;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        threads.close();
        timers.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
