package dev.plinth.kernel.task;

import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.TaskSettingsState;

/**
 * What prctl(2) and personality(2) set for one task.
 *
 * <p>Lasting state: all of it. Written by the task's own thread, read by any.
 */
@SavedWith(Task.class)
public final class TaskSettings {
    /** {@code ADDR_NO_RANDOMIZE} of personality(2): programs are laid out at fixed addresses. */
    public static final int ADDR_NO_RANDOMIZE = 0x0040000;

    /** The part of a personality that says which system's programs these are. */
    public static final int PERSONALITY_MASK = 0xff;

    /** {@code PER_LINUX32}: uname(2) tells of a 32-bit machine. */
    public static final int PER_LINUX32 = 0x0008;

    /** {@code PR_MCE_KILL_DEFAULT}. */
    public static final int MCE_KILL_DEFAULT = 2;

    private static final long DEFAULT_SLACK_NANOS = 50_000;

    private final long defaultTimerSlackNanos;
    private volatile int personality;
    private volatile boolean noNewPrivileges;
    private volatile int parentDeathSignal;
    private volatile long timerSlackNanos;
    private volatile int machineCheckKill = MCE_KILL_DEFAULT;
    private volatile boolean ioFlusher;

    /** What the first task begins with. */
    public TaskSettings() {
        this(DEFAULT_SLACK_NANOS);
    }

    private TaskSettings(long defaultTimerSlackNanos) {
        this.defaultTimerSlackNanos = defaultTimerSlackNanos;
        this.timerSlackNanos = defaultTimerSlackNanos;
    }

    /** What a task begins with that this one clones. */
    TaskSettings forChild() {
        TaskSettings child = new TaskSettings(timerSlackNanos);
        child.personality = personality;
        child.noNewPrivileges = noNewPrivileges;
        child.machineCheckKill = machineCheckKill;
        child.ioFlusher = ioFlusher;
        return child;
    }

    /** Settings that were saved. */
    static TaskSettings restore(TaskSettingsState state) {
        TaskSettings restored = new TaskSettings(state.getDefaultTimerSlackNanos());
        restored.timerSlackNanos = state.getTimerSlackNanos();
        restored.personality = state.getPersonality();
        restored.noNewPrivileges = state.getNoNewPrivileges();
        restored.parentDeathSignal = state.getParentDeathSignal();
        restored.machineCheckKill = state.getMachineCheckKill();
        restored.ioFlusher = state.getIoFlusher();
        return restored;
    }

    /** What is saved of them. */
    TaskSettingsState save() {
        return TaskSettingsState.newBuilder()
                .setDefaultTimerSlackNanos(defaultTimerSlackNanos)
                .setTimerSlackNanos(timerSlackNanos)
                .setPersonality(personality)
                .setNoNewPrivileges(noNewPrivileges)
                .setParentDeathSignal(parentDeathSignal)
                .setMachineCheckKill(machineCheckKill)
                .setIoFlusher(ioFlusher)
                .build();
    }

    /** As personality(2). */
    public int personality() {
        return personality;
    }

    /** Sets the personality. */
    public void setPersonality(int value) {
        personality = value;
    }

    /** Whether execve(2) grants nothing that the task does not have already. */
    public boolean noNewPrivileges() {
        return noNewPrivileges;
    }

    /** Has execve(2) grant nothing any more, for good. */
    public void setNoNewPrivileges() {
        noNewPrivileges = true;
    }

    /** The number of the signal that comes when the parent ends; zero for none. */
    public int parentDeathSignal() {
        return parentDeathSignal;
    }

    /** Sets the signal that comes when the parent ends. */
    public void setParentDeathSignal(int signal) {
        parentDeathSignal = signal;
    }

    /** By how much the task's sleeps may be late; kept only. */
    public long timerSlackNanos() {
        return timerSlackNanos;
    }

    /** Sets by how much sleeps may be late; zero or less for what the parent had at the clone. */
    public void setTimerSlackNanos(long nanos) {
        timerSlackNanos = nanos <= 0 ? defaultTimerSlackNanos : nanos;
    }

    /** When the task is told of broken memory, {@code PR_MCE_KILL_*}; kept only. */
    public int machineCheckKill() {
        return machineCheckKill;
    }

    /** Sets when the task is told of broken memory. */
    public void setMachineCheckKill(int policy) {
        machineCheckKill = policy;
    }

    /** Whether the task is part of how memory is freed; kept only. */
    public boolean isIoFlusher() {
        return ioFlusher;
    }

    /** Says whether the task is part of how memory is freed. */
    public void setIoFlusher(boolean flushes) {
        ioFlusher = flushes;
    }
}
