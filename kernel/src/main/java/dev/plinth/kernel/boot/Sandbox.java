package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.donation.ForegroundDonation;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.memory.ImageMemory;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.KernelProcesses;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.ThreadGroup;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A sandbox.
 *
 * <p>Any thread may call any method. Closing ends every process in it and gives everything back to
 * the host.
 */
public final class Sandbox implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Sandbox.class);

    private final Kernel kernel;

    /** The first task; empty if all were restored. */
    private final Optional<Task> init;

    private final ProgramStarter programs;
    private final Checkpoints checkpoints;
    private final DonatedDescriptors descriptors;
    private final PlatformSlot slot;
    private final SandboxResources resources;
    private final Standstill standstill;
    private final AtomicBoolean started = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    Sandbox(
            Kernel kernel,
            Optional<Task> init,
            ProgramStarter programs,
            Checkpoints checkpoints,
            DonatedDescriptors descriptors,
            PlatformSlot slot,
            SandboxResources resources) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.init = requireNonNull(init, "init is null");
        this.programs = requireNonNull(programs, "programs is null");
        this.checkpoints = requireNonNull(checkpoints, "checkpoints is null");
        this.descriptors = requireNonNull(descriptors, "descriptors is null");
        this.slot = requireNonNull(slot, "slot is null");
        this.resources = requireNonNull(resources, "resources is null");
        this.standstill = new Standstill(kernel);
    }

    /**
     * Lets the program run, or go on if it was restored.
     *
     * @throws SandboxException if it was restored, and the host has no room for its tasks
     * @throws IllegalStateException if it was started before, or the sandbox is closed
     */
    public void start() {
        if (closed.get() || !started.compareAndSet(false, true)) {
            throw new IllegalStateException("a sandbox is started once");
        }
        if (init.isPresent()) {
            kernel.start(init.get());
        } else {
            kernel.startRestored();
        }
    }

    /** The descriptor that was donated for a role, such as its control socket; borrowed. */
    public Optional<HostFd> donated(FdRole role) {
        return descriptors.find(role);
    }

    /** Sends a signal to the first process, as if from outside. */
    public void signal(Signal signal) {
        kernel.signalInit(signal);
    }

    /**
     * Sends a signal to a process, as if from outside.
     *
     * @param pid its number in the sandbox
     * @return false if there is none of that number
     */
    public boolean signal(int pid, Signal signal) {
        return kernel.signal(pid, signal);
    }

    /** Sends a signal to every process, as if from outside. */
    public void signalAll(Signal signal) {
        kernel.signalAll(signal);
    }

    /**
     * Runs one more program, beside the first process and with no parent in the sandbox. It ends at
     * the latest when the first process does.
     *
     * @return the process
     * @throws SandboxException if it cannot be run; SANDBOX_STOPPED if the first process has ended,
     *     SANDBOX_BUSY if the sandbox is paused, or stopped for a while
     * @throws IllegalStateException if the sandbox was not started, or is closed
     */
    public SandboxProcess exec(ExecSpec spec) {
        if (closed.get() || !started.get()) {
            throw new IllegalStateException("the sandbox does not run");
        }
        boolean complete = false;
        try {
            SandboxProcess process = standstill.whileRunning(() -> programs.exec(spec));
            complete = true;
            return process;
        } finally {
            if (!complete) {
                spec.stdio().values().forEach(HostFd::close);
            }
        }
    }

    /** Its processes, by number. */
    public List<ProcessSummary> processes() {
        List<ProcessSummary> summaries = new ArrayList<>();
        for (ProcessView process : new KernelProcesses(kernel).all()) {
            try {
                ProcessSummary.of(process).ifPresent(summaries::add);
            } catch (ErrnoException e) {
                // It ended while it was looked at: views fail with ESRCH or ENOENT then.
                log.debug("process {} is gone: {}", process.pid(), e.errno());
            }
        }
        summaries.sort(Comparator.comparingInt(ProcessSummary::pid));
        return summaries;
    }

    /** What it uses now. */
    public SandboxUsage usage() {
        List<ThreadGroup> processes = kernel.processes().processes();
        return new SandboxUsage(
                kernel.memoryTotal() - kernel.memoryFree(),
                kernel.memoryTotal(),
                processes.size(),
                kernel.processes().taskCount(),
                processes.stream()
                        .mapToLong(each -> each.usage().nanos() + each.childUsage().nanos())
                        .sum(),
                kernel.memoryFile().image().map(ImageMemory::unreadBytes).orElse(0L));
    }

    /**
     * Writes the sandbox into an image, from which {@link Plinth#restore} makes it again, on any
     * platform.
     *
     * <p>A program that goes on is stopped only for as long as it takes to collect its state, but
     * for memory: what it writes to then is copied first. The call takes longer. A sandbox that is
     * paused stays so.
     *
     * @throws SandboxException SANDBOX_BUSY while another image is written, or something else is
     *     being done with it; SANDBOX_STOPPED if it was not started or has ended; STATE_UNSAVABLE,
     *     with what; IMAGE_EXISTS, IMAGE_UNWRITABLE. There is no image then, and the sandbox goes
     *     on
     */
    public void checkpoint(CheckpointSpec spec) {
        checkpoints.write(spec, standstill);
    }

    /**
     * Stops every process until {@link #resume}. No program can tell, but by the clocks. Signals
     * from outside are kept meanwhile; to close a paused sandbox is all right.
     *
     * @throws SandboxException SANDBOX_BUSY if it is paused already, or something else is being
     *     done with it; SANDBOX_STOPPED if it was not started or has ended; TASKS_DO_NOT_STOP, and
     *     it runs on, if it takes too long
     */
    public void pause() {
        standstill.pause();
    }

    /**
     * Lets a paused sandbox go on.
     *
     * @return false if it was not paused
     * @throws SandboxException SANDBOX_BUSY if something is being done with it; SANDBOX_STOPPED if
     *     it is closed
     */
    public boolean resume() {
        return standstill.resume();
    }

    /**
     * Goes on on another platform, which no program can tell. The platform of before is closed.
     *
     * @param factory makes the other one; its devices are opened. Borrowed until the sandbox is
     *     closed, or swapped again
     * @return how long the programs stood still for it
     * @throws SandboxException if the sandbox stays where it is: PLATFORM_UNSUITABLE if the other
     *     one lacks something that programs have seen, HOST_EXHAUSTED, DEVICE_UNUSABLE; and as
     *     {@link #pause}, but a paused sandbox can be swapped
     */
    public Duration swap(PlatformFactory factory) {
        return swap(
                factory, new ForegroundDonation(kernel.host()).keep(factory.devices(), Map.of()));
    }

    /**
     * Goes on on another platform with devices that somebody else has opened.
     *
     * @param devices what the other one declares; owned from now on, also if this fails
     * @return how long the programs stood still for it
     * @throws SandboxException as {@link #swap(PlatformFactory)}
     */
    public Duration swap(PlatformFactory factory, DonatedDescriptors devices) {
        try (DonatedDescriptors mine = devices) {
            return standstill.inTurn(() ->
                    slot.swap(factory, mine.take(PlatformSlot.roles(factory)), kernel, standstill));
        }
    }

    /**
     * Waits until every process in the sandbox has ended.
     *
     * @return how the first one ended
     * @throws InterruptedException if the calling thread is interrupted
     */
    public ExitStatus awaitExit() throws InterruptedException {
        return kernel.awaitExit();
    }

    /** What the sandbox is made of. */
    Kernel kernel() {
        return kernel;
    }

    /** Why a process could not go on, if it was neither its own doing nor asked for. */
    public Optional<String> failure() {
        return kernel.reported();
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        checkpoints.end();
        standstill.end(() -> {
            try (resources) {
                if (started.get()) {
                    kernel.end();
                } else {
                    init.ifPresentOrElse(kernel::discard, kernel::discardRestored);
                }
                kernel.close();
            }
        });
    }
}
