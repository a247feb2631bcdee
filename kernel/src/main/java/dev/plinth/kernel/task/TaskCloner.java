package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.signal.AlternateStack;
import dev.plinth.kernel.signal.SignalActions;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.task.linux.Sched;
import dev.plinth.kernel.vfs.FsContext;

import java.util.Optional;

/**
 * Makes tasks out of others: clone(2), mirroring {@code copy_process} of kernel/fork.c.
 *
 * <p>The new task's thread makes its execution context, then makes the task known; only then does
 * the call return. Where that fails, nothing was made.
 */
final class TaskCloner {
    private final Kernel kernel;
    private final ProcessTable table;
    private final TaskThreads threads;

    TaskCloner(Kernel kernel, ProcessTable table, TaskThreads threads) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.table = requireNonNull(table, "table is null");
        this.threads = requireNonNull(threads, "threads is null");
    }

    /**
     * Makes a task and lets it run; by the thread of the task that it is made from.
     *
     * @return its number
     * @throws ErrnoException EAGAIN where there is no room for it, and as clone(2)
     * @throws RestartException if a signal is to be dealt with first
     */
    int clone(Task parent, CloneRequest request) {
        request.check(parent);
        requireUserAddress(request);
        requireNoSignal(parent);
        requireBelowLimit(parent);
        int tid = table.reserve();
        boolean made = false;
        try {
            Task child = newTask(parent, request, tid);
            try {
                VforkWait vfork = new VforkWait();
                if (request.has(Sched.CLONE_VFORK)) {
                    child.setVforkWait(vfork);
                }
                begin(parent, child, request);
                made = true;
                if (child.group() != parent.group()) {
                    child.group().timers().applyCpuTimeLimit(kernel);
                }
                if (request.has(Sched.CLONE_VFORK)) {
                    parent.lendMemory(vfork);
                }
                return tid;
            } finally {
                if (!made) {
                    child.resources().close();
                }
            }
        } finally {
            if (!made) {
                table.cancel(tid);
            }
        }
    }

    private void requireUserAddress(CloneRequest request) {
        long end = kernel.capabilities().userAddresses().end();
        if (request.has(Sched.CLONE_SETTLS) && (request.tls() < 0 || request.tls() >= end)) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    /** A signal first: so that one that is to end a whole family reaches all of it. */
    private static void requireNoSignal(Task parent) {
        if (parent.isSignalled()) {
            throw RestartException.of(RestartException.Kind.ALWAYS);
        }
    }

    private void requireBelowLimit(Task parent) {
        if (table.taskCount() >= kernel.capabilities().maxContexts()) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        Credentials credentials = parent.credentials();
        int user = credentials.uids().real();
        if (user == 0
                || credentials.has(Capability.SYS_RESOURCE)
                || credentials.has(Capability.SYS_ADMIN)) {
            return;
        }
        long limit = parent.group().limits().soft(ResourceLimits.RLIMIT_NPROC);
        long running =
                table.tasks().stream()
                        .filter(task -> task.credentials().uids().real() == user)
                        .count();
        if (running >= limit) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }

    private Task newTask(Task parent, CloneRequest request, int tid) {
        ThreadGroup group =
                request.has(Sched.CLONE_THREAD) ? parent.group() : newGroup(parent, request, tid);
        ProgramImage image = image(parent, request, group);
        FdTable files =
                request.has(Sched.CLONE_FILES) ? parent.files().retain() : parent.files().copy();
        FsContext fs = request.has(Sched.CLONE_FS) ? parent.fs() : parent.fs().copy();
        TaskResources resources = new TaskResources(image, files, fs, parent.credentials());
        Task child =
                new Task(
                        kernel, group, tid, parent.name(), parent.settings().forChild(), resources);
        child.registers().copyFrom(parent.registers());
        child.registers().setRax(0);
        if (request.stack() != 0) {
            child.registers().setRsp(request.stack());
        }
        if (request.has(Sched.CLONE_SETTLS)) {
            child.registers().setFsBase(request.tls());
        }
        if (request.has(Sched.CLONE_CHILD_CLEARTID)) {
            child.setClearChildTid(request.childTid());
        }
        inheritSignals(parent, child, request);
        return child;
    }

    private ThreadGroup newGroup(Task parent, CloneRequest request, int pid) {
        SignalActions actions =
                request.has(Sched.CLONE_SIGHAND)
                        ? parent.group().sharedActions()
                        : parent.group().copyActions();
        if (request.has(Sched.CLONE_CLEAR_SIGHAND)) {
            actions.clearHandlers();
        }
        return new ThreadGroup(
                pid,
                parent.group().limits().copy(),
                parent.group().settings().forChild(),
                actions,
                kernel.clock().monotonicNanos());
    }

    private ProgramImage image(Task parent, CloneRequest request, ThreadGroup group) {
        ProgramImage image = parent.resources().image();
        if (request.has(Sched.CLONE_VM)) {
            boolean both = !request.has(Sched.CLONE_VFORK);
            if (both && !kernel.capabilities().has(PlatformFeature.SHARED_ADDRESS_SPACE)) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
            return image.retain();
        }
        try {
            AddressSpace space = kernel.platform().newAddressSpace();
            return image.fork(
                    space,
                    new ProcessMemoryLimits(group.limits(), kernel.oomKiller()),
                    parent.registers());
        } catch (HostCallException e) {
            throw ErrnoException.of(e.is(Errno.ENOMEM) ? Errno.ENOMEM : Errno.EAGAIN);
        }
    }

    /** The mask is inherited, pending signals are not; a stack that would be shared is not. */
    private static void inheritSignals(Task parent, Task child, CloneRequest request) {
        child.signals().setBlocked(parent.signals().blocked());
        child.changeScheduling(_ -> parent.scheduling().forChild());
        boolean sharesStack = request.has(Sched.CLONE_VM) && !request.has(Sched.CLONE_VFORK);
        child.signals()
                .setAlternateStack(
                        sharesStack ? AlternateStack.NONE : parent.signals().alternateStack());
    }

    private void begin(Task parent, Task child, CloneRequest request) {
        byte[] vectorState = VectorStates.read(kernel.capabilities(), parent.running().context());
        Birth birth = new Birth(parent, child, request, vectorState);
        kernel.world().enter();
        threads.run(new TaskRunner(child, birth));
        if (!birth.await()) {
            requireNoSignal(parent);
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }

    /** A clone's birth: its parent waits for it. */
    @NotSaved("no world stops while a task is being born")
    private final class Birth extends TaskBirth {
        private final Task parent;
        private final Task child;
        private final CloneRequest request;
        private final byte[] vectorState;

        /** Confined to the child's thread. */
        private boolean known;

        Birth(Task parent, Task child, CloneRequest request, byte[] vectorState) {
            this.parent = parent;
            this.child = child;
            this.request = request;
            this.vectorState = vectorState;
        }

        @Override
        boolean isKnown() {
            return known;
        }

        @Override
        boolean publish(ExecutionContext context) {
            VectorStates.write(context, vectorState);
            synchronized (table.treeLock) {
                boolean unwanted =
                        parent.isSignalled()
                                || (child.group() == parent.group() && child.group().hasSurvivor());
                if (unwanted) {
                    return false;
                }
                if (child.group() != parent.group()) {
                    linkLocked();
                }
                table.addLocked(child);
                known = true;
            }
            if (request.has(Sched.CLONE_PARENT_SETTID)) {
                storeTid(parent, request.parentTid());
            }
            if (request.has(Sched.CLONE_CHILD_SETTID)) {
                storeTid(child, request.childTid());
            }
            return true;
        }

        private void linkLocked() {
            ProcessLinks parents = parent.group().links();
            ProcessLinks mine = child.group().links();
            if (request.has(Sched.CLONE_PARENT)) {
                mine.parent = parents.parent;
                mine.parentTask = parents.parentTask;
                mine.exitSignal = parents.exitSignal;
            } else {
                mine.parent = Optional.of(parent.group());
                mine.parentTask = Optional.of(parent);
                mine.exitSignal = request.exitSignal();
            }
            ThreadGroup waiter = mine.parent.orElseThrow();
            mine.parentExecutions = waiter.links().executions;
            waiter.links().children.add(child.group());
            table.joinGroupLocked(
                    child.group(), parents.processGroup.id(), parents.processGroup.session());
        }

        /** Where the number cannot be stored it is not, and the call goes on, as in Linux. */
        private void storeTid(Task whose, long address) {
            try {
                whose.guestMemory().writeInt(address, child.tid());
            } catch (ErrnoException e) {
                return;
            }
        }
    }
}
