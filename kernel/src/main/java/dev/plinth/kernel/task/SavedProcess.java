package dev.plinth.kernel.task;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.signal.SignalActions;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ProcessLinksState;
import dev.plinth.kernel.state.proto.ProcessState;
import dev.plinth.kernel.state.proto.ZombieState;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Processes as they are saved: first each by itself, then its tasks, then what ties it to others.
 */
@SavedWith(ThreadGroup.class)
@NotSaved("lives while a sandbox is restored")
final class SavedProcess {
    private final Kernel kernel;
    private final ProcessTable table;
    private final Map<Integer, Session> sessions = new HashMap<>();

    /** Restores processes into a table that is empty. */
    SavedProcess(Kernel kernel, ProcessTable table) {
        this.kernel = kernel;
        this.table = table;
    }

    static ObjectState.Builder save(ThreadGroup group, Kernel kernel, StateWriter writer) {
        ProcessState.Builder state =
                ProcessState.newBuilder()
                        .setPid(group.pid())
                        .setStartNanos(group.startMonotonicNanos())
                        .addAllLimits(group.limits().save())
                        .setSettings(group.settings().save())
                        .setSignalActionsRef(writer.reference(group.sharedActions()))
                        .addAllTaskRefs(writer.references(group.tasks()))
                        .setLeaderRef(writer.reference(group.leader()))
                        .setStop(group.stop().save())
                        .setBarrierRegistrations(group.barrierRegistrations())
                        .setTimers(group.timers().save(kernel, writer))
                        .setChildUsage(group.childUsage().save())
                        .setLinks(links(group.links(), writer));
        group.save(state);
        group.exitStatus().ifPresent(how -> state.setExit(how.save()));
        return ObjectState.newBuilder().setProcess(state);
    }

    private static ProcessLinksState links(ProcessLinks links, StateWriter writer) {
        ProcessLinksState.Builder state =
                ProcessLinksState.newBuilder()
                        .setParentRef(writer.reference(links.parent))
                        .setParentTaskRef(writer.reference(links.parentTask))
                        .addAllChildRefs(writer.references(links.children))
                        .setGroupId(links.processGroup.id())
                        .setSessionId(links.processGroup.session().id())
                        .setExitSignal(links.exitSignal)
                        .setParentExecutions(links.parentExecutions)
                        .setExecutions(links.executions)
                        .setExecuted(links.executed)
                        .setUnreportedStop(
                                links.unreportedStop.map(signal -> signal.number()).orElse(0))
                        .setUnreportedContinue(links.unreportedContinue);
        links.zombie.ifPresent(zombie ->
                state.setZombie(
                        ZombieState.newBuilder()
                                .setStatus(zombie.status().save())
                                .setCredentials(zombie.credentials().save())
                                .setUsage(zombie.usage().save())));
        return state.build();
    }

    /** Makes the process; its tasks are added by {@link #restoreTasks}. */
    ThreadGroup restore(ObjectState object, StateReader reader) {
        ProcessState state = object.getProcess();
        if (state.getPid() < 1 || state.getPid() >= ProcessNumbers.LIMIT) {
            throw StateReader.corrupt("process " + state.getPid());
        }
        ThreadGroup group =
                new ThreadGroup(
                        state.getPid(),
                        ResourceLimits.restore(state.getLimitsList()),
                        ProcessSettings.restore(state.getSettings()),
                        reader.get(state.getSignalActionsRef(), SignalActions.class),
                        state.getStartNanos());
        group.restore(state);
        group.stop().restore(state.getStop());
        group.registerForBarriers(state.getBarrierRegistrations());
        reader.later(() -> group.timers().restore(state.getTimers(), kernel, reader));
        return group;
    }

    /** Gives a process its tasks; before that of another is done. */
    void restoreTasks(int reference, StateReader reader) {
        ProcessState state = reader.state(reference).getProcess();
        ThreadGroup group = reader.get(reference, ThreadGroup.class);
        for (int taskReference : state.getTaskRefsList()) {
            Task task = reader.get(taskReference, Task.class);
            if (task.group() != group || reader.state(taskReference).getTask().getEnded()) {
                throw StateReader.corrupt(task + " is not of process " + group.pid());
            }
            group.restoreTask(task);
        }
        Task leader = reader.get(state.getLeaderRef(), Task.class);
        if (leader.group() != group || leader.tid() != group.pid()) {
            throw StateReader.corrupt(leader + " does not lead process " + group.pid());
        }
        group.setLeader(leader);
        if (group.tasks().isEmpty() != state.getLinks().hasZombie()) {
            throw StateReader.corrupt("process " + group.pid() + " is neither alive nor dead");
        }
    }

    /** Ties a process to others; each has been made. The caller holds the tree lock. */
    void restoreLinksLocked(int reference, StateReader reader) {
        ProcessLinksState state = reader.state(reference).getProcess().getLinks();
        ThreadGroup group = reader.get(reference, ThreadGroup.class);
        ProcessLinks links = group.links();
        links.parent = reader.find(state.getParentRef(), ThreadGroup.class);
        links.parent.ifPresent(this::requireKnownLocked);
        links.parentTask = reader.find(state.getParentTaskRef(), Task.class);
        for (int child : state.getChildRefsList()) {
            if (reader.state(child).getProcess().getLinks().getParentRef() != reference) {
                throw StateReader.corrupt("a child of another than process " + group.pid());
            }
            ThreadGroup known = reader.get(child, ThreadGroup.class);
            requireKnownLocked(known);
            links.children.add(known);
        }
        links.exitSignal = state.getExitSignal();
        links.parentExecutions = state.getParentExecutions();
        links.executions = state.getExecutions();
        links.executed = state.getExecuted();
        links.unreportedStop = SavedClock.signal(state.getUnreportedStop());
        links.unreportedContinue = state.getUnreportedContinue();
        if (state.hasZombie()) {
            if (group.exitStatus().isEmpty()) {
                throw StateReader.corrupt("process " + group.pid() + " has not ended");
            }
            links.zombie = Optional.of(zombie(state.getZombie()));
        }
        requireNumber(state.getGroupId());
        requireNumber(state.getSessionId());
        Session session = sessions.computeIfAbsent(state.getSessionId(), Session::new);
        table.joinGroupLocked(group, state.getGroupId(), session);
        if (links.processGroup.session() != session) {
            throw StateReader.corrupt("group " + state.getGroupId() + " is in two sessions");
        }
    }

    private void requireKnownLocked(ThreadGroup process) {
        if (table.processLocked(process.pid()).filter(process::equals).isEmpty()) {
            throw StateReader.corrupt("process " + process.pid() + " is nowhere");
        }
    }

    /** Parents have their children, and nobody is an own ancestor. The caller holds the lock. */
    static void checkFamilyLocked(List<ThreadGroup> all) {
        for (ThreadGroup process : all) {
            ThreadGroup child = process;
            for (int generations = 0; child.links().parent.isPresent(); generations++) {
                ThreadGroup parent = child.links().parent.get();
                boolean fits =
                        generations < all.size()
                                && parent.links().children.contains(child)
                                && child.links()
                                        .parentTask
                                        .filter(task -> task.group() != parent)
                                        .isEmpty();
                if (!fits) {
                    throw StateReader.corrupt("process " + child.pid() + " has no such parent");
                }
                child = parent;
            }
        }
    }

    private static void requireNumber(int id) {
        if (id < 1 || id >= ProcessNumbers.LIMIT) {
            throw StateReader.corrupt("group or session " + id);
        }
    }

    private static ProcessLinks.Zombie zombie(ZombieState state) {
        return new ProcessLinks.Zombie(
                ExitStatus.restore(state.getStatus()),
                Credentials.restore(state.getCredentials()),
                ResourceUsage.restore(state.getUsage()));
    }
}
