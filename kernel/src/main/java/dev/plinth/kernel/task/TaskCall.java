package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.Registers;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.Restart;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.RestartState;
import dev.plinth.kernel.state.proto.TaskState;

import java.util.OptionalLong;
import java.util.function.Function;

/**
 * The system call that a task is in, and how it goes on if it was broken off.
 *
 * <p>A task is in a call from its trap until the guest runs again. A call that was broken off has a
 * restart code in rax: it is made again, as the code says by way of a {@link RestartBlock}, or a
 * handler runs instead.
 *
 * <p>Lasting state: all of it. By the task thread; others ask while the world is stopped, or to
 * tell the user where the task is, which may be a moment old.
 */
@SavedWith(Task.class)
public final class TaskCall {
    private static final long SYS_RESTART_SYSCALL = 219;

    private final Task task;
    private final ResumedCall resumed;
    private boolean entered;
    private RestartBlock restartBlock = RestartBlock.NONE;

    TaskCall(Task task) {
        this.task = requireNonNull(task, "task is null");
        this.resumed = new ResumedCall(task.kernel().clock());
    }

    /** Adds itself to what is saved of its task. */
    void save(TaskState.Builder state) {
        state.setInSyscall(entered).setRestart(restartBlock.save()).setResumedCall(resumed.save());
    }

    /**
     * Becomes what was saved.
     *
     * @param restartBlocks makes what a call goes on with that a signal broke off
     */
    void restore(TaskState state, Function<RestartState, RestartBlock> restartBlocks) {
        entered = state.getInSyscall();
        try {
            restartBlock = restartBlocks.apply(state.getRestart());
        } catch (ErrnoException e) {
            throw StateReader.corrupt("a call of task " + task.tid() + ": " + e.errno());
        }
        resumed.restore(state.getResumedCall());
    }

    /** Whether the guest is in a system call: a result stands in rax and may be a restart code. */
    boolean isEntered() {
        return entered;
    }

    void enter() {
        entered = true;
    }

    void leave() {
        entered = false;
    }

    /** What the call goes on with if it is made again because the world was stopped. */
    public ResumedCall resumed() {
        return resumed;
    }

    /**
     * Whether the call was broken off: a restart code stands in rax. So it is also when the call
     * begins to be made again.
     */
    public boolean isBrokenOff() {
        return entered && Restart.isRestart(task.registers().rax());
    }

    /** Whether the call that was broken off has done a part of what it is to do. */
    boolean isPartlyDone() {
        return isBrokenOff() && resumed.isPartlyDone();
    }

    /** Whether the call is made again that the stop broke off, before any program has run. */
    public boolean precedesOthers() {
        return task.kernel().world().isUnsettled(task);
    }

    /**
     * Makes the call again that was broken off.
     *
     * <p>Linux has the program make it again. To make it at once leaves no moment in which a signal
     * finds the program outside of a call that waits for signals.
     */
    void repeat(SyscallGate gate) {
        Registers registers = task.registers();
        if (registers.rax() != -Restart.ERESTART_RESTARTBLOCK) {
            gate.enter(task);
            return;
        }
        long number = registers.origRax();
        registers.setOrigRax(SYS_RESTART_SYSCALL);
        gate.enter(task);
        registers.setOrigRax(number);
    }

    /**
     * Says how the call goes on that a signal breaks off, with the time that is left: {@code throw
     * task.call().restartWith(...)}.
     */
    public RestartException restartWith(RestartBlock block) {
        restartBlock = requireNonNull(block, "block is null");
        return RestartException.of(RestartException.Kind.WITH_TIME_LEFT);
    }

    /** How the call goes on that a signal broke off. */
    RestartBlock restartBlock() {
        return restartBlock;
    }

    /** Goes on with the call that a signal broke off, as restart_syscall(2). */
    public long restart() {
        RestartBlock block = restartBlock;
        restartBlock = RestartBlock.NONE;
        return block.restart(task);
    }

    /**
     * The call that was broken off does not go on: a handler runs, or the task ends.
     *
     * @return the call's result, if it turns out to be over
     */
    OptionalLong giveUp() {
        boolean goesOn = isBrokenOff() && task.registers().rax() == -Restart.ERESTART_RESTARTBLOCK;
        OptionalLong result = goesOn ? restartBlock.giveUp() : OptionalLong.empty();
        restartBlock = RestartBlock.NONE;
        return result;
    }

    /** Forgets a call that a signal broke off: a handler ran instead. */
    void forgetRestart() {
        restartBlock = RestartBlock.NONE;
    }
}
