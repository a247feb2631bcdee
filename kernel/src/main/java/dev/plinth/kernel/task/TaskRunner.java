package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.Trap;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.mm.FaultOutcome;
import dev.plinth.kernel.signal.FaultDetails;
import dev.plinth.kernel.signal.SignalInfo;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * A task's thread: runs the guest, serves each trap, delivers signals, until the task ends.
 *
 * <p>The safe point, where the task stops when the world does, is before signals are delivered:
 * what broke a call off may yet turn out to be a signal with a handler.
 */
final class TaskRunner implements TaskThreads.Job {
    private static final Logger log = LoggerFactory.getLogger(TaskRunner.class);

    private final Task task;
    private final Kernel kernel;
    private final TaskBirth birth;

    TaskRunner(Task task, TaskBirth birth) {
        this.task = requireNonNull(task, "task is null");
        this.kernel = task.kernel();
        this.birth = requireNonNull(birth, "birth is null");
    }

    @Override
    public String name() {
        return "task-" + task.tid();
    }

    @Override
    public void refused() {
        try {
            birth.decide(false);
            if (birth.isKnown()) {
                kernel.report("the host has no room for another thread");
                task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
                kernel.ended(task, true);
            }
        } finally {
            kernel.world().leave();
        }
    }

    @Override
    public void run() {
        try {
            live();
        } finally {
            kernel.world().leave();
        }
    }

    private void live() {
        boolean completed = false;
        try {
            runGuest(kernel.platform());
            completed = true;
        } catch (HostCallException e) {
            if (birth.isKnown()) {
                log.error("{} of process {} cannot go on", task, task.group().pid(), e);
                kernel.report("the host refused a call: " + e.getMessage());
                task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
            } else {
                log.debug("{} cannot begin", task, e);
            }
            completed = true;
        } catch (SandboxException e) {
            kernel.fail(e);
            completed = true;
        } finally {
            // Known, its end has to be told, even if it could not begin.
            birth.decide(birth.isKnown());
            if (birth.isKnown()) {
                kernel.ended(task, completed);
            }
        }
    }

    private void runGuest(Platform platform) {
        try (TaskContext context = new TaskContext(platform, kernel.capabilities().cpu());
                Arena arena = Arena.ofConfined();
                TaskWait wait = new TaskWait(task)) {
            SignalDelivery delivery = new SignalDelivery(task, context, arena);
            TaskClock clock = new TaskClock(kernel.host(), context);
            task.setCpuTime(clock);
            task.setRunning(
                    Optional.of(new Task.Running(Thread.currentThread(), context, delivery, wait)));
            try {
                boolean published = birth.publish(context);
                birth.decide(published);
                if (published) {
                    loop(context, delivery, clock);
                }
            } finally {
                clock.stop();
                task.setRunning(Optional.empty());
                kernel.world().ends(task);
            }
        }
    }

    private void loop(TaskContext context, SignalDelivery delivery, TaskClock clock) {
        SyscallGate gate = kernel.syscalls();
        while (true) {
            task.awaitReturnOfMemory();
            if (task.takeKick() || task.call().isBrokenOff()) {
                kernel.world().stopHere(task);
                if (task.isEnding()) {
                    return;
                }
                if (task.call().isPartlyDone()) {
                    // Before a handler runs: with a signal it ends with the part that it has done.
                    task.call().repeat(gate);
                    task.kick();
                    kernel.world().settleHere(task);
                    continue;
                }
                delivery.deliver();
                if (task.call().isBrokenOff() && !task.isEnding()) {
                    task.call().repeat(gate);
                }
                kernel.world().settleHere(task);
                continue;
            }
            task.call().leave();
            clock.beginRun();
            task.countGuestRun();
            Trap trap = context.run(task.memory().addressSpace(), task.registers());
            task.countGuestRun();
            clock.endRun();
            if (trap instanceof Trap.SystemCall) {
                task.call().enter();
                gate.enter(task);
            } else if (trap instanceof Trap.Fault fault) {
                serve(fault, delivery);
            } else {
                serveRare(trap, delivery);
            }
        }
    }

    /** Apart from the others, for a switch over types is not linked before it is reached. */
    private void serveRare(Trap trap, SignalDelivery delivery) {
        switch (trap) {
            case Trap.SystemCall _, Trap.Fault _ -> throw new IllegalStateException("not rare");
            case Trap.CpuException exception ->
                    delivery.raise(
                            SignalInfo.fault(
                                    exception.signal(), exception.code(), exception.address()),
                            FaultDetails.NONE);
            case Trap.Interrupted _ -> {}
            case Trap.UnknownExit exit -> {
                log.error("{} stopped: {} ({})", task, exit.description(), exit.code());
                kernel.report(exit.description());
                task.group().exit(ThreadGroup.killedBy(Signal.SIGKILL));
            }
        }
    }

    private void serve(Trap.Fault fault, SignalDelivery delivery) {
        FaultOutcome outcome = task.memory().handleFault(fault.address(), fault.access());
        switch (outcome) {
            case RESOLVED -> {}
            case SEGV_MAPERR -> raise(fault, Signal.SIGSEGV, SignalCode.SEGV_MAPERR, delivery);
            case SEGV_ACCERR -> raise(fault, Signal.SIGSEGV, SignalCode.SEGV_ACCERR, delivery);
            case BUS_ADRERR -> raise(fault, Signal.SIGBUS, SignalCode.BUS_ADRERR, delivery);
            case OUT_OF_MEMORY -> kernel.oomKiller().makeRoom();
        }
    }

    private static void raise(Trap.Fault fault, Signal signal, int code, SignalDelivery delivery) {
        AccessType access = fault.access();
        delivery.raise(
                SignalInfo.fault(signal, code, fault.address()),
                SignalDelivery.detailsOf(fault.address(), access, code == SignalCode.SEGV_ACCERR));
    }
}
