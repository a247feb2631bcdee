package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.Restart;
import dev.plinth.kernel.signal.AlternateStack;
import dev.plinth.kernel.signal.DefaultAction;
import dev.plinth.kernel.signal.FaultDetails;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalFrame;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.signal.UserFlags;
import dev.plinth.kernel.signal.VectorFrame;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Delivers signals to one task: default actions, entry into handlers, the way back, and what
 * becomes of a system call that was broken off. Mirrors arch/x86/kernel/signal.c. Confined to the
 * task thread.
 */
@NotSaved("for the way of a frame to the guest")
final class SignalDelivery {
    /** The length of the instruction {@code syscall}, by which a restart steps back. */
    private static final int SYSCALL_INSTRUCTION_BYTES = 2;

    private final Task task;
    private final ExecutionContext context;
    private final CpuFeatures cpu;
    private final boolean hasVectorState;

    /** Holds a frame, or a vector state with its trailer, on its way to or from the guest. */
    private final MemorySegment scratch;

    SignalDelivery(Task task, ExecutionContext context, Arena arena) {
        this.task = requireNonNull(task, "task is null");
        this.context = requireNonNull(context, "context is null");
        this.cpu = task.kernel().capabilities().cpu();
        this.hasVectorState =
                task.kernel().capabilities().has(PlatformFeature.VECTOR_STATE)
                        && cpu.vectorStateBytes() > 0;
        this.scratch =
                arena.allocate(
                        Math.max(
                                SignalFrame.BYTES,
                                cpu.vectorStateBytes() + VectorFrame.TRAILER_BYTES),
                        VectorFrame.ALIGNMENT);
    }

    /** Sends the task the signal of an exception that it raised. */
    void raise(SignalInfo info, FaultDetails details) {
        task.setFaultDetails(details);
        task.signals().force(info);
    }

    /**
     * Delivers what is pending and settles a call that was broken off. If no handler runs the call
     * is still broken off when this returns: it is to be made again at once.
     *
     * <p>Called when the guest is about to go on; more than one handler may be entered, one on top
     * of the other.
     */
    void deliver() {
        Registers registers = task.registers();
        while (!task.isEnding()) {
            task.group().stop().stopHere(task, task.kernel().jobControl());
            Optional<TaskSignals.Delivery> next = task.signals().takeDeliverable();
            if (next.isEmpty()) {
                task.signals().restoreBlocked();
                return;
            }
            SignalAction action = next.get().action();
            if (action.isHandled()) {
                settleBrokenOffCall(registers, action);
                enterHandler(next.get().info(), action);
            } else if (action.handler() == SignalAction.SIG_DFL) {
                actByDefault(next.get());
            }
        }
    }

    private void actByDefault(TaskSignals.Delivery delivery) {
        Signal signal = delivery.info().signal();
        switch (DefaultAction.of(signal)) {
            case TERMINATE, CORE_DUMP -> task.group().exit(ThreadGroup.killedBy(signal));
            case STOP ->
                    task.group()
                            .stop()
                            .begin(signal, delivery.continues(), task.kernel().jobControl());
            case CONTINUE, IGNORE -> {}
        }
    }

    /** A handler is about to run: the call starts again after it, or fails with EINTR. */
    private void settleBrokenOffCall(Registers registers, SignalAction action) {
        if (!task.call().isBrokenOff()) {
            return;
        }
        task.signals().keepNone();
        task.call().resumed().drop();
        boolean repeats =
                task.call()
                        .restartBlock()
                        .isRepeatedAfterHandler(action.has(SignalAction.SA_RESTART));
        boolean again =
                switch ((int) -registers.rax()) {
                    case Restart.ERESTARTNOINTR -> true;
                    case Restart.ERESTARTSYS -> action.has(SignalAction.SA_RESTART);
                    case Restart.ERESTART_RESTARTBLOCK -> repeats;
                    default -> false;
                };
        OptionalLong result = task.call().giveUp();
        if (result.isPresent()) {
            registers.setRax(result.getAsLong());
            return;
        }
        if (again) {
            registers.setRax(registers.origRax());
            registers.setRip(registers.rip() - SYSCALL_INSTRUCTION_BYTES);
            task.call().leave();
        } else {
            registers.setRax(-Errno.EINTR.number());
        }
    }

    private void enterHandler(SignalInfo info, SignalAction action) {
        FaultDetails details = info.isFault() ? task.faultDetails() : FaultDetails.NONE;
        task.setFaultDetails(FaultDetails.NONE);
        try {
            buildFrame(info, action, details);
        } catch (ErrnoException e) {
            // No room for the frame: Linux kills with SIGSEGV, which cannot be handled then either
            // if it is SIGSEGV itself that could not be delivered.
            if (info.signal() == Signal.SIGSEGV) {
                task.group().exit(ThreadGroup.killedBy(Signal.SIGSEGV));
            } else {
                task.signals().force(SignalInfo.fromKernel(Signal.SIGSEGV));
            }
            return;
        }
        long mask = task.signals().blocked() | action.mask();
        if (!action.has(SignalAction.SA_NODEFER)) {
            mask |= SignalSet.of(info.signal());
        }
        task.signals().setBlocked(mask);
    }

    private void buildFrame(SignalInfo info, SignalAction action, FaultDetails details) {
        if (!action.has(SignalAction.SA_RESTORER)) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        Registers registers = task.registers();
        AlternateStack stack = task.signals().alternateStack();
        long top = registers.rsp() - SignalFrame.RED_ZONE_BYTES;
        boolean onStack = !stack.isDisabled() && stack.holds(registers.rsp());
        if (action.has(SignalAction.SA_ONSTACK) && !stack.isDisabled() && !onStack) {
            top = stack.base() + stack.size();
            onStack = true;
        }
        long vectorState = 0;
        if (hasVectorState) {
            top =
                    (top - cpu.vectorStateBytes() - VectorFrame.TRAILER_BYTES)
                            & -VectorFrame.ALIGNMENT;
            vectorState = top;
        }
        // As a function finds its stack: the return address makes it 8 modulo 16.
        long frameAddress = ((top - SignalFrame.BYTES) & -16) - 8;
        if (onStack && !stack.contains(frameAddress)) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        if (hasVectorState) {
            int size = cpu.vectorStateBytes();
            context.readVectorState(scratch);
            VectorFrame.mark(scratch, size, cpu.xcr0());
            task.guestMemory()
                    .copyOut(vectorState, scratch.asSlice(0, size + VectorFrame.TRAILER_BYTES));
        }
        SignalFrame frame = new SignalFrame(scratch);
        frame.fill(
                info,
                action,
                registers,
                task.signals().takeBlockedToRestore(),
                stack,
                vectorState,
                details);
        task.guestMemory().copyOut(frameAddress, frame.memory());
        if ((stack.flags() & AlternateStack.SS_AUTODISARM) != 0) {
            task.signals().setAlternateStack(AlternateStack.NONE);
        }
        registers.setRdi(info.signal().number());
        registers.setRsi(frameAddress + SignalFrame.siginfoOffset());
        registers.setRdx(frameAddress + SignalFrame.ucontextOffset());
        registers.setRax(0);
        registers.setRip(action.handler());
        registers.setRsp(frameAddress);
        registers.setEflags(registers.eflags() & ~UserFlags.CLEARED_FOR_HANDLER);
        task.call().leave();
    }

    /**
     * Implements rt_sigreturn(2): what stands in the frame goes on. A frame that makes no sense is
     * a SIGSEGV.
     */
    void returnFromHandler() {
        Registers registers = task.registers();
        task.call().leave();
        task.call().forgetRestart();
        long frameAddress = registers.rsp() - Long.BYTES;
        try {
            SignalFrame frame = new SignalFrame(scratch);
            task.guestMemory().copyIn(frameAddress, frame.memory());
            long mask = frame.mask();
            AlternateStack stack = frame.stack();
            long vectorState = frame.vectorState();
            // As in Linux: what is wrong with the stack alone is not held against the frame, and
            // while the handler stands on another one it is not replaced.
            task.signals().changeAlternateStack(stack, registers.rsp());
            frame.restore(registers);
            restoreVectorState(vectorState);
            task.signals().setBlocked(mask);
        } catch (ErrnoException | IllegalArgumentException e) {
            task.signals().force(SignalInfo.fromKernel(Signal.SIGSEGV));
        }
    }

    private void restoreVectorState(long address) {
        if (!hasVectorState || address == 0) {
            return;
        }
        int size = cpu.vectorStateBytes();
        task.guestMemory().copyIn(address, scratch.asSlice(0, size + VectorFrame.TRAILER_BYTES));
        VectorFrame.unmark(scratch, size, cpu.xcr0());
        context.writeVectorState(scratch);
    }

    /** What a handler is told of a fault that {@code mm} could not resolve. */
    static FaultDetails detailsOf(long address, AccessType access, boolean mapped) {
        return FaultDetails.pageFault(address, mapped, access.canWrite(), access.canExecute());
    }
}
