package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.proto.SchedulingState;

/**
 * When and where a task is to run, as it asked for.
 *
 * <p>It is kept and shown, and a child inherits it; the host's scheduler decides all the same.
 *
 * <p>Lasting state: all of it.
 *
 * @param policy {@code SCHED_*}
 * @param priority of a real-time policy, 1 to 99; else zero
 * @param nice -20 to 19
 * @param resetOnFork whether a child begins with the ordinary policy
 * @param processors that it may run on, a bit each
 * @param ioPriority as ioprio_set(2)
 * @param memory where its memory comes from
 */
public record Scheduling(
        int policy,
        int priority,
        int nice,
        boolean resetOnFork,
        long processors,
        int ioPriority,
        MemoryPolicy memory) {
    public static final int SCHED_NORMAL = 0;
    public static final int SCHED_FIFO = 1;
    public static final int SCHED_RR = 2;
    public static final int SCHED_BATCH = 3;
    public static final int SCHED_IDLE = 5;
    public static final int SCHED_DEADLINE = 6;
    public static final int SCHED_EXT = 7;

    /**
     * As set_mempolicy(2).
     *
     * @param mode {@code MPOL_*}
     * @param nodes a bit each
     */
    public record MemoryPolicy(int mode, long nodes) {
        /** {@code MPOL_DEFAULT}. */
        public static final MemoryPolicy DEFAULT = new MemoryPolicy(0, 0);
    }

    public Scheduling {
        requireNonNull(memory, "memory is null");
    }

    /** What the first task begins with. */
    static Scheduling initial(int processors) {
        return new Scheduling(
                SCHED_NORMAL, 0, 0, false, allOf(processors), 0, MemoryPolicy.DEFAULT);
    }

    /** What was saved. */
    static Scheduling restore(SchedulingState state) {
        return new Scheduling(
                state.getPolicy(),
                state.getPriority(),
                state.getNice(),
                state.getResetOnFork(),
                state.getProcessors(),
                state.getIoPriority(),
                new MemoryPolicy(state.getMemoryMode(), state.getMemoryNodes()));
    }

    /** What is saved of it. */
    SchedulingState save() {
        return SchedulingState.newBuilder()
                .setPolicy(policy)
                .setPriority(priority)
                .setNice(nice)
                .setResetOnFork(resetOnFork)
                .setProcessors(processors)
                .setIoPriority(ioPriority)
                .setMemoryMode(memory.mode())
                .setMemoryNodes(memory.nodes())
                .build();
    }

    /** The set of all processors, of which no more than 64 are told. */
    public static long allOf(int processors) {
        return -1L >>> (Long.SIZE - Math.clamp(processors, 1, Long.SIZE));
    }

    /** Whether a policy is one with priorities from 1 to 99. */
    public static boolean isRealTime(int policy) {
        return policy == SCHED_FIFO || policy == SCHED_RR;
    }

    /** What a child begins with; {@code sched_fork}. */
    Scheduling forChild() {
        if (!resetOnFork) {
            return this;
        }
        return new Scheduling(
                SCHED_NORMAL, 0, Math.max(nice, 0), false, processors, ioPriority, memory);
    }

    /** The same with another policy. */
    public Scheduling withPolicy(int newPolicy, int newPriority, boolean reset) {
        return new Scheduling(newPolicy, newPriority, nice, reset, processors, ioPriority, memory);
    }

    /** The same with another nice value. */
    public Scheduling withNice(int value) {
        return new Scheduling(policy, priority, value, resetOnFork, processors, ioPriority, memory);
    }

    /** The same on other processors. */
    public Scheduling withProcessors(long set) {
        return new Scheduling(policy, priority, nice, resetOnFork, set, ioPriority, memory);
    }

    /** The same with another priority of its input and output. */
    public Scheduling withIoPriority(int value) {
        return new Scheduling(policy, priority, nice, resetOnFork, processors, value, memory);
    }

    /** The same with another place for its memory. */
    public Scheduling withMemory(MemoryPolicy other) {
        return new Scheduling(policy, priority, nice, resetOnFork, processors, ioPriority, other);
    }
}
