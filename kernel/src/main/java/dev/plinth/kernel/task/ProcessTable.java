package dev.plinth.kernel.task;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.TaskSubsystemState;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Who there is in a sandbox: tasks, processes, process groups and sessions, with their numbers.
 *
 * <p>Any thread may call any method, but those whose names end in {@code Locked} only while it
 * holds the {@link #treeLock}.
 *
 * <p>Lasting state: the numbers, and who has them.
 */
@NotSaved("saved by SavedTasks")
public final class ProcessTable {
    /** Guards what is here and in all {@link ProcessLinks}: Linux' {@code tasklist_lock}. */
    final Object treeLock = new Object();

    /** Guarded by treeLock. */
    private final ProcessNumbers numbers = new ProcessNumbers();

    /** The tasks whose threads run, by number. Guarded by treeLock. */
    private final Map<Integer, Task> tasks = new LinkedHashMap<>();

    /** By number, zombies included. Guarded by treeLock. */
    private final Map<Integer, ThreadGroup> processes = new LinkedHashMap<>();

    /** Guarded by treeLock. */
    private final Map<Integer, ProcessGroup> processGroups = new HashMap<>();

    /** How many numbers of tasks are in use, also of those that are being made or are zombies. */
    private int charged;

    /** How many tasks were ever begun to be made. */
    private long made;

    /** How many tasks there may be at once, zombies included. */
    private final int limit;

    /**
     * An empty table.
     *
     * @param limit how many tasks there may be at once, zombies included
     */
    ProcessTable(int limit) {
        this.limit = Math.min(limit, ProcessNumbers.LIMIT - 1);
    }

    /** Adds to what is saved; the world is stopped. */
    void save(TaskSubsystemState.Builder state, StateWriter writer) {
        synchronized (treeLock) {
            state.setTasksMax(limit)
                    .setLastNumber(numbers.last())
                    .setTasksMade(made)
                    .addAllProcessRefs(writer.references(processes.values()))
                    .addAllTaskRefs(writer.references(tasks.values()));
        }
    }

    /** Takes in those that were saved: each of the processes has its tasks already. */
    void restoreLocked(TaskSubsystemState state, StateReader reader) {
        for (int reference : state.getProcessRefsList()) {
            ThreadGroup process = reader.get(reference, ThreadGroup.class);
            if (processes.putIfAbsent(process.pid(), process) != null) {
                throw StateReader.corrupt("process " + process.pid() + " is there twice");
            }
        }
        for (int reference : state.getTaskRefsList()) {
            Task task = reader.get(reference, Task.class);
            boolean fits =
                    processes.get(task.group().pid()) == task.group()
                            && task.group().tasks().contains(task)
                            && tasks.putIfAbsent(task.tid(), task) == null;
            if (!fits) {
                throw StateReader.corrupt(task + " is out of place");
            }
        }
        long living = processes.values().stream().mapToLong(each -> each.tasks().size()).sum();
        if (living != tasks.size()) {
            throw StateReader.corrupt("a task is missing");
        }
    }

    /**
     * Takes the numbers of all that were saved.
     *
     * @throws SandboxException IMAGE_UNSUITABLE if there are more than there may be
     */
    void restoreNumbersLocked(TaskSubsystemState state) {
        numbers.restore(state.getLastNumber());
        tasks.keySet().forEach(numbers::restoreUsed);
        processes.keySet().forEach(numbers::restoreUsed);
        for (ProcessGroup group : processGroups.values()) {
            numbers.restoreUsed(group.id());
            numbers.restoreUsed(group.session().id());
        }
        Set<Integer> counted = new HashSet<>(tasks.keySet());
        counted.addAll(processes.keySet());
        charged = counted.size();
        if (charged > limit) {
            throw new SandboxException(
                    ErrorCode.IMAGE_UNSUITABLE,
                    "the sandbox has %d processes and threads, and may have %d"
                            .formatted(charged, limit),
                    "restore it with --pids " + charged + " or more");
        }
        made = state.getTasksMade();
    }

    /**
     * Takes a number for a task that is being made.
     *
     * @throws ErrnoException EAGAIN if there are too many tasks
     */
    int reserve() {
        synchronized (treeLock) {
            if (charged >= limit) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
            int number = numbers.take().orElseThrow(() -> ErrnoException.of(Errno.EAGAIN));
            charged++;
            made++;
            return number;
        }
    }

    /** Gives back the number of a task that was not made after all. */
    void cancel(int number) {
        synchronized (treeLock) {
            releaseTaskLocked(number);
        }
    }

    /** Gives up the number of a task: it is free once no group or session has it either. */
    void releaseTaskLocked(int number) {
        charged--;
        freeLocked(number);
    }

    /** Frees a number that nothing has any more. */
    private void freeLocked(int number) {
        boolean used =
                tasks.containsKey(number)
                        || processes.containsKey(number)
                        || processGroups.containsKey(number)
                        || isSessionLocked(number);
        if (!used) {
            numbers.release(number);
        }
    }

    private boolean isSessionLocked(int number) {
        return processGroups.values().stream().anyMatch(group -> group.session().id() == number);
    }

    /** Adds the first task of all, which leads a session of its own. */
    void addInit(Task task) {
        synchronized (treeLock) {
            joinGroupLocked(task.group(), task.tid(), new Session(task.tid()));
            addLocked(task);
        }
    }

    /** Takes out all tasks and processes, which have not begun to run. */
    List<Task> removeAll() {
        synchronized (treeLock) {
            List<Task> removed = List.copyOf(tasks.values());
            tasks.clear();
            processes.clear();
            return removed;
        }
    }

    /**
     * Adds the first task of a process from outside, which leads a session of its own.
     *
     * @return false if the first process has ended, or is about to, and all others with it
     */
    boolean addFromOutside(Task task) {
        synchronized (treeLock) {
            if (!hasInit()) {
                return false;
            }
            joinGroupLocked(task.group(), task.tid(), new Session(task.tid()));
            addLocked(task);
            return true;
        }
    }

    /** Whether the first process lives, and nothing ends it. */
    boolean hasInit() {
        return process(Kernel.INIT_PID).filter(init -> !init.isExiting()).isPresent();
    }

    /** Ends every process, as SIGKILL, those included that are being made. */
    void killAll() {
        synchronized (treeLock) {
            for (ThreadGroup process : processes.values()) {
                process.exit(ThreadGroup.killedBy(Signal.SIGKILL));
            }
        }
    }

    /**
     * Waits until no task lives.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    void awaitEmpty() throws InterruptedException {
        synchronized (treeLock) {
            while (!tasks.isEmpty()) {
                treeLock.wait();
            }
        }
    }

    /**
     * Waits until a process has ended.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    void awaitEnd(ThreadGroup process) throws InterruptedException {
        synchronized (treeLock) {
            while (process.links().zombie.isEmpty()) {
                treeLock.wait();
            }
        }
    }

    /** Adds a task whose number was reserved. */
    void addLocked(Task task) {
        tasks.put(task.tid(), task);
        processes.putIfAbsent(task.group().pid(), task.group());
        task.group().add(task);
    }

    /**
     * Takes out a task that has ended. Its number is free then, but that of a process' first task
     * stays the process'.
     */
    void removeLocked(Task task) {
        tasks.remove(task.tid());
        if (task.tid() != task.group().pid()) {
            releaseTaskLocked(task.tid());
        }
        treeLock.notifyAll();
    }

    /**
     * Gives a task the number of its process, whose first task has ended: it executes a program.
     */
    void becomeLeader(Task task) {
        synchronized (treeLock) {
            int old = task.tid();
            int pid = task.group().pid();
            if (old != pid) {
                tasks.remove(old);
                task.setTid(pid);
                task.group().setLeader(task);
                tasks.put(pid, task);
                releaseTaskLocked(old);
            }
        }
    }

    /** Forgets a process that has ended and that nobody has to be told of any more. */
    void reapLocked(ThreadGroup process) {
        ProcessLinks links = process.links();
        links.parent.ifPresent(parent -> parent.links().children.remove(process));
        links.parent = Optional.empty();
        links.parentTask = Optional.empty();
        processes.remove(process.pid());
        leaveGroupLocked(process);
        releaseTaskLocked(process.pid());
    }

    /** Puts a process into a group, which is made if need be. */
    void joinGroupLocked(ThreadGroup process, int id, Session session) {
        ProcessGroup group =
                processGroups.computeIfAbsent(id, key -> new ProcessGroup(key, session));
        if (process.links().processGroup == group) {
            return;
        }
        if (process.links().processGroup != null) {
            leaveGroupLocked(process);
        }
        group.members().add(process);
        process.links().processGroup = group;
    }

    private void leaveGroupLocked(ThreadGroup process) {
        ProcessGroup group = process.links().processGroup;
        group.members().remove(process);
        if (group.members().isEmpty()) {
            processGroups.remove(group.id());
            freeLocked(group.id());
            int session = group.session().id();
            if (session != group.id() && !isSessionLocked(session)) {
                freeLocked(session);
            }
        }
    }

    /** The group with a number, if it has members. */
    Optional<ProcessGroup> processGroupLocked(int id) {
        return Optional.ofNullable(processGroups.get(id));
    }

    /** The task with a number, if it lives. */
    public Optional<Task> task(int tid) {
        synchronized (treeLock) {
            return Optional.ofNullable(tasks.get(tid));
        }
    }

    /** How many tasks live. */
    public int taskCount() {
        synchronized (treeLock) {
            return tasks.size();
        }
    }

    /** The tasks that live. */
    public List<Task> tasks() {
        synchronized (treeLock) {
            return List.copyOf(tasks.values());
        }
    }

    /** The process with a number, which may be a zombie. */
    public Optional<ThreadGroup> process(int pid) {
        synchronized (treeLock) {
            return processLocked(pid);
        }
    }

    Optional<ThreadGroup> processLocked(int pid) {
        return Optional.ofNullable(processes.get(pid));
    }

    /** All processes, zombies included. */
    public List<ThreadGroup> processes() {
        synchronized (treeLock) {
            return List.copyOf(processes.values());
        }
    }

    /** The number of a process' group. */
    public int processGroupOf(ThreadGroup process) {
        synchronized (treeLock) {
            return process.links().processGroup.id();
        }
    }

    /**
     * Makes a process the leader of a session and a group of its own, as setsid(2).
     *
     * @return the number of both
     * @throws ErrnoException EPERM if there is a group of its number
     */
    public int startSession(ThreadGroup process) {
        synchronized (treeLock) {
            int pid = process.pid();
            if (processGroups.containsKey(pid) || isSessionLeaderLocked(process)) {
                throw ErrnoException.of(Errno.EPERM);
            }
            joinGroupLocked(process, pid, new Session(pid));
            return pid;
        }
    }

    private static boolean isSessionLeaderLocked(ThreadGroup process) {
        return process.links().processGroup.session().id() == process.pid();
    }

    /**
     * Puts a process into a group, as setpgid(2).
     *
     * @param caller whose process asks
     * @param pid of the process; zero for the caller's
     * @param groupId of the group; zero for one of the process' own
     * @throws ErrnoException EINVAL, ESRCH, EPERM, EACCES
     */
    public void setProcessGroup(ThreadGroup caller, int pid, int groupId) {
        int target = pid == 0 ? caller.pid() : pid;
        int id = groupId == 0 ? target : groupId;
        if (id < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        synchronized (treeLock) {
            Optional<ThreadGroup> found = processLocked(target);
            if (found.isEmpty()) {
                throw ErrnoException.of(tasks.containsKey(target) ? Errno.EINVAL : Errno.ESRCH);
            }
            ThreadGroup process = found.get();
            Session session = caller.links().processGroup.session();
            if (process.links().parent.filter(caller::equals).isPresent()) {
                requireThat(process.links().processGroup.session() == session, Errno.EPERM);
                requireThat(!process.links().executed, Errno.EACCES);
            } else {
                requireThat(process == caller, Errno.ESRCH);
            }
            requireThat(!isSessionLeaderLocked(process), Errno.EPERM);
            if (id != target) {
                Optional<ProcessGroup> group = processGroupLocked(id);
                requireThat(
                        group.filter(each -> each.session() == session).isPresent(), Errno.EPERM);
            }
            joinGroupLocked(process, id, session);
        }
    }

    private static void requireThat(boolean condition, Errno otherwise) {
        if (!condition) {
            throw ErrnoException.of(otherwise);
        }
    }

    /**
     * Does something with processes of which none can be made or end meanwhile.
     *
     * @param which those it is done with, of all there are, zombies included
     * @param action what; it may send signals
     */
    public void forEach(Predicate<ThreadGroup> which, Consumer<ThreadGroup> action) {
        synchronized (treeLock) {
            processes.values().stream().filter(which).toList().forEach(action);
        }
    }

    /** Whether there is a process group of a number. */
    public boolean hasGroup(int processGroup) {
        synchronized (treeLock) {
            return processGroupLocked(processGroup).isPresent();
        }
    }

    /** Whether a process is in a group; within {@link #forEach}, or as of now. */
    public boolean isInGroup(ThreadGroup process, int processGroup) {
        synchronized (treeLock) {
            return process.links().processGroup.id() == processGroup;
        }
    }

    /** The number of the session that a process is in. */
    public int sessionOf(ThreadGroup process) {
        synchronized (treeLock) {
            return process.links().processGroup.session().id();
        }
    }

    /** The number that was given last. */
    int lastNumber() {
        synchronized (treeLock) {
            return numbers.last();
        }
    }

    /** How many tasks were ever made. */
    long made() {
        synchronized (treeLock) {
            return made;
        }
    }

    /** How many tasks there may be at once. */
    public int limit() {
        return limit;
    }
}
