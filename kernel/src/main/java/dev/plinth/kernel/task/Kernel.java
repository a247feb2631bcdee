package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.kernel.futex.Futexes;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.MountTree;
import dev.plinth.kernel.vfs.Vfs;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;

/**
 * One sandbox: what all of its processes share.
 *
 * <p>Any thread may call any method. It borrows everything that it is made with.
 */
public final class Kernel {
    private static final Logger log = LoggerFactory.getLogger(Kernel.class);

    /** The number of the first process, which the sandbox lives and dies with. */
    public static final int INIT_PID = 1;

    /** Enough for the kernel's own calls, which do not recurse over what a guest can make deep. */
    private static final long TASK_STACK_BYTES = 512 << 10;

    private final HostKernel host;
    private final Platform platform;
    private final PlatformCapabilities capabilities;
    private final MemoryFile memoryFile;
    private final Clock clock;
    private final AtomicReference<UtsName> utsName;
    private final RandomSource random;
    private final int processors;
    private final long memoryTotal;
    private final Vfs vfs;
    private final MountTree mounts;
    private final InternalFileSystems internal;
    private final SyscallGate syscalls;
    private final Optional<Vdso> vdso;
    private final long bootMonotonicNanos;
    private final Futexes futexes = new Futexes(this::hasTask);

    private final Object tasksLock = new Object();

    @GuardedBy("tasksLock")
    private final List<Task> tasks = new ArrayList<>();

    @GuardedBy("tasksLock")
    private Optional<ThreadGroup> init = Optional.empty();

    @GuardedBy("tasksLock")
    private Optional<String> report = Optional.empty();

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
     * @param vfs what system calls do with paths
     * @param mounts the tree of files
     * @param internal what makes files without a name
     * @param syscalls the way into the system calls
     * @param vdso tells programs the time, if the platform lets it
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
            Vfs vfs,
            MountTree mounts,
            InternalFileSystems internal,
            SyscallGate syscalls,
            Optional<Vdso> vdso) {
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
        }
    }

    public Kernel(Parts parts) {
        host = parts.host();
        platform = parts.platform();
        capabilities = platform.capabilities();
        memoryFile = parts.memoryFile();
        clock = parts.clock();
        utsName = new AtomicReference<>(parts.utsName());
        random = parts.random();
        processors = parts.processors();
        memoryTotal = parts.memoryTotal();
        vfs = parts.vfs();
        mounts = parts.mounts();
        internal = parts.internal();
        syscalls = parts.syscalls();
        vdso = parts.vdso();
        bootMonotonicNanos = clock.monotonicNanos();
    }

    /** The host's Linux. */
    public HostKernel host() {
        return host;
    }

    /** What executes the guests. */
    Platform platform() {
        return platform;
    }

    /** What the platform can do. */
    public PlatformCapabilities capabilities() {
        return capabilities;
    }

    /** The memory of all guests. */
    public MemoryFile memoryFile() {
        return memoryFile;
    }

    /** The clocks. */
    public Clock clock() {
        return clock;
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
        return bootMonotonicNanos;
    }

    /** The tasks that live. */
    public List<Task> tasks() {
        synchronized (tasksLock) {
            return List.copyOf(tasks);
        }
    }

    private boolean hasTask(int tid) {
        return tasks().stream().anyMatch(task -> task.tid() == tid);
    }

    /** The process with a number, if it lives. */
    public Optional<ThreadGroup> process(int pid) {
        return tasks().stream().map(Task::group).filter(group -> group.pid() == pid).findFirst();
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
        ThreadGroup group = new ThreadGroup(INIT_PID, limits, clock.monotonicNanos());
        Task task = new Task(this, group, INIT_PID, name, resources);
        start.applyTo(task.registers());
        synchronized (tasksLock) {
            if (init.isPresent()) {
                throw new IllegalStateException("the first process was made before");
            }
            init = Optional.of(group);
        }
        return task;
    }

    /** Lets a task run, on a thread of its own. */
    public void start(Task task) {
        task.group().add(task);
        synchronized (tasksLock) {
            tasks.add(task);
        }
        Thread.ofPlatform()
                .name("task-" + task.tid())
                .stackSize(TASK_STACK_BYTES)
                .uncaughtExceptionHandler((_, e) -> log.error("{} failed", task, e))
                .start(new TaskRunner(task));
    }

    /** Gives back what a task has that is not to be started. */
    public void discard(Task task) {
        task.resources().close();
    }

    /**
     * A task's thread is about to end; the last task of a process gives its resources back.
     *
     * @param completed whether the thread ends because the process does; if not, something that was
     *     taken for impossible happened in it
     */
    void ended(Task task, boolean completed) {
        if (!completed) {
            report("an internal error, see the log");
            task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
        }
        try {
            task.group().remove(task);
            if (task.group().tasks().isEmpty()) {
                task.resources().close();
            }
        } finally {
            synchronized (tasksLock) {
                tasks.remove(task);
                tasksLock.notifyAll();
            }
        }
    }

    /** Tells the user of the sandbox why a process could not go on; the first reason counts. */
    void report(String reason) {
        synchronized (tasksLock) {
            report = Optional.of(report.orElse(reason));
        }
    }

    /** Why a process could not go on, if it was not its own doing. */
    public Optional<String> reported() {
        synchronized (tasksLock) {
            return report;
        }
    }

    /** Sends a signal from outside to the first process. */
    public void signalInit(Signal signal) {
        Optional<ThreadGroup> target;
        synchronized (tasksLock) {
            target = init;
        }
        target.ifPresent(group -> group.send(SignalInfo.fromKernel(signal)));
    }

    /** Ends every process, as SIGKILL. */
    public void killAll() {
        for (Task task : tasks()) {
            task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
        }
    }

    /**
     * Waits until every process has ended.
     *
     * @return how the first process ended
     * @throws InterruptedException if the calling thread is interrupted
     */
    public ExitStatus awaitExit() throws InterruptedException {
        synchronized (tasksLock) {
            while (!tasks.isEmpty()) {
                tasksLock.wait();
            }
            return init.flatMap(ThreadGroup::exitStatus)
                    .orElseThrow(() -> new IllegalStateException("nothing was started"));
        }
    }

    /** Waits until every process has ended, whether the calling thread is interrupted or not. */
    public void awaitQuiet() {
        boolean interrupted = false;
        synchronized (tasksLock) {
            while (!tasks.isEmpty()) {
                try {
                    tasksLock.wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
