package dev.plinth.platform.kvm;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The vCPUs of a virtual machine, and who has them.
 *
 * <p>A context gets one when it is made and keeps it until it is closed: that costs nothing at a
 * system call. KVM never frees a vCPU, so those of closed contexts are used again. When there are
 * more contexts than vCPUs, the context that has executed nothing for the longest time loses its
 * own to one that wants to execute; if all execute, they wait in line, and one that executes is
 * stopped for the first of them every few milliseconds.
 *
 * <p>Any thread may call any method.
 */
final class VcpuPool implements AutoCloseable {
    /** How long a vCPU is left to a context that executes while others wait. */
    private static final long TURN_MILLIS = 10;

    private final VirtualMachine machine;
    private final int limit;

    private final ReentrantLock poolLock = new ReentrantLock();
    private final Condition released = poolLock.newCondition();

    /** Those that nobody has. */
    @GuardedBy("poolLock")
    private final Deque<GuestCpu> free = new ArrayDeque<>();

    /** Those of contexts that do not execute, the one that stopped first in front. */
    @GuardedBy("poolLock")
    private final Map<KvmContext, GuestCpu> idle = new LinkedHashMap<>();

    /** Those of contexts that execute, the one that started first in front. */
    @GuardedBy("poolLock")
    private final Map<KvmContext, GuestCpu> busy = new LinkedHashMap<>();

    /** Who waits for one. */
    @GuardedBy("poolLock")
    private final Deque<KvmContext> waiting = new ArrayDeque<>();

    @GuardedBy("poolLock")
    private int made;

    VcpuPool(VirtualMachine machine, int limit) {
        this.machine = machine;
        this.limit = limit;
    }

    /**
     * Gives a new context a vCPU, if there is one that no other context has.
     *
     * @throws dev.plinth.api.host.HostCallException if there could be one, but the host refuses
     */
    void register(KvmContext context) {
        poolLock.lock();
        try {
            unused().ifPresent(cpu -> idle.put(context, cpu));
        } finally {
            poolLock.unlock();
        }
    }

    @GuardedBy("poolLock")
    private Optional<GuestCpu> unused() {
        GuestCpu cpu = free.poll();
        if (cpu != null) {
            cpu.forgetGuest();
            return Optional.of(cpu);
        }
        if (made == limit) {
            return Optional.empty();
        }
        GuestCpu fresh = machine.newGuestCpu();
        made++;
        return Optional.of(fresh);
    }

    /**
     * Waits for a vCPU to execute on; {@link #leave} follows, if there is one.
     *
     * @return empty if the context was interrupted first
     */
    Optional<GuestCpu> enter(KvmContext context) {
        poolLock.lock();
        try {
            if (waiting.isEmpty()) {
                Optional<GuestCpu> cpu = tryEnter(context);
                if (cpu.isPresent()) {
                    return cpu;
                }
            }
            return await(context);
        } finally {
            poolLock.unlock();
        }
    }

    @GuardedBy("poolLock")
    private Optional<GuestCpu> tryEnter(KvmContext context) {
        GuestCpu own = idle.remove(context);
        Optional<GuestCpu> cpu = own == null ? other() : Optional.of(own);
        cpu.ifPresent(found -> busy.put(context, found));
        return cpu;
    }

    /** A vCPU for a context that has none. */
    @GuardedBy("poolLock")
    private Optional<GuestCpu> other() {
        Optional<GuestCpu> unused = unused();
        if (unused.isPresent() || idle.isEmpty()) {
            return unused;
        }
        Map.Entry<KvmContext, GuestCpu> longest = idle.entrySet().iterator().next();
        GuestCpu cpu = longest.getValue();
        longest.getKey().vectorState().save(cpu);
        idle.remove(longest.getKey());
        cpu.forgetGuest();
        return Optional.of(cpu);
    }

    @GuardedBy("poolLock")
    private Optional<GuestCpu> await(KvmContext context) {
        boolean threadInterrupted = false;
        waiting.add(context);
        try {
            while (!context.isInterrupted()) {
                if (waiting.peek() == context) {
                    Optional<GuestCpu> cpu = tryEnter(context);
                    if (cpu.isPresent()) {
                        return cpu;
                    }
                }
                try {
                    if (!released.await(TURN_MILLIS, TimeUnit.MILLISECONDS)) {
                        endLongestTurn(context);
                    }
                } catch (InterruptedException e) {
                    threadInterrupted = true;
                }
            }
            return Optional.empty();
        } finally {
            waiting.remove(context);
            released.signalAll();
            if (threadInterrupted) {
                // Not how a context is interrupted; the thread's owner finds it later.
                Thread.currentThread().interrupt();
            }
        }
    }

    @GuardedBy("poolLock")
    private void endLongestTurn(KvmContext waiter) {
        if (waiting.peek() == waiter && !busy.isEmpty()) {
            busy.keySet().iterator().next().endTurn();
        }
    }

    /** The context stops executing; it keeps the vCPU until somebody else needs it. */
    void leave(KvmContext context) {
        poolLock.lock();
        try {
            idle.put(context, busy.remove(context));
            if (!waiting.isEmpty()) {
                released.signalAll();
            }
        } finally {
            poolLock.unlock();
        }
    }

    /**
     * Does something with the vector state of a context that does not execute.
     *
     * @param action is given the context's vCPU, if it has one
     */
    void withVcpu(KvmContext context, VcpuAction action) {
        poolLock.lock();
        try {
            action.apply(Optional.ofNullable(idle.get(context)));
        } finally {
            poolLock.unlock();
        }
    }

    /** What {@link #withVcpu} does. */
    interface VcpuAction {
        void apply(Optional<GuestCpu> vcpu);
    }

    /** Takes back what a context that is closed has. */
    void unregister(KvmContext context) {
        poolLock.lock();
        try {
            GuestCpu cpu = idle.remove(context);
            if (cpu != null) {
                free.push(cpu);
                released.signalAll();
            }
        } finally {
            poolLock.unlock();
        }
    }

    /** How many vCPUs were made. */
    int made() {
        poolLock.lock();
        try {
            return made;
        } finally {
            poolLock.unlock();
        }
    }

    @Override
    public void close() {
        poolLock.lock();
        try {
            Map<KvmContext, GuestCpu> left = new HashMap<>(idle);
            left.putAll(busy);
            left.values().forEach(GuestCpu::close);
            free.forEach(GuestCpu::close);
            idle.clear();
            busy.clear();
            free.clear();
        } finally {
            poolLock.unlock();
        }
    }
}
